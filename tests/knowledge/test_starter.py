"""The runbooks that are shipped: complete, useful in both languages, free of secrets."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from core.redact import redact
from knowledge.article.markdown import MarkdownFile, read
from knowledge.index.document import fix_section

FOLDER = resources.files("knowledge").joinpath("starter")
FILES = {
    file.name: file.read_text("utf-8") for file in FOLDER.iterdir() if file.name.endswith(".md")
}
CHINESE = ["现象", "影响", "诊断", "处理", "验证", "预防"]
ENGLISH = ["Symptoms", "Impact", "Diagnosis", "Fix", "Verification", "Prevention"]


def parsed(name: str) -> MarkdownFile:
    return read(FILES[name], name)


def test_there_are_enough_in_both_languages() -> None:
    chinese = [name for name, text in FILES.items() if "## 处理\n" in text]
    assert len(FILES) >= 25
    assert len(chinese) >= 12
    assert len(FILES) - len(chinese) >= 12
    assert len({parsed(name).draft.title for name in FILES}) == len(FILES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_runbook_is_complete(name: str) -> None:
    text, draft = FILES[name], parsed(name).draft
    assert draft.owner == "tocsin"
    assert draft.severity in {"critical", "warning"}
    assert len(draft.tags) >= 3
    assert draft.services
    assert 40 <= text.count("\n") <= 90
    assert re.findall(r"(?m)^## (.+)$", text) in (CHINESE, ENGLISH)
    fix = fix_section(draft.body).split("\n")
    assert len(fix) == 2
    assert all(len(line) > 10 for line in fix)
    assert "**有风险" in text or "**Risky" in text
    assert text.count("```") >= 2


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_runbook_names_its_terms_in_the_other_language_and_no_secret(name: str) -> None:
    text = FILES[name]
    assert "- In English: " in text or "- 中文常见说法：" in text
    assert redact(text) == text
