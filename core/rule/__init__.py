"""Log and label rules: which lines and events a rule speaks of, and what it says of them."""

from core.rule.scanner import Hit, RuleScanner, rule_applies

__all__ = ["Hit", "RuleScanner", "rule_applies"]
