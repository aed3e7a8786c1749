"""Log and label rules: which lines and events a rule speaks of, and what it says of them."""

from core.rule.evaluate import Evaluator, RuleMatch
from core.rule.scanner import Hit, RuleScanner

__all__ = ["Evaluator", "Hit", "RuleMatch", "RuleScanner"]
