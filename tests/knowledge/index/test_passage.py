"""Passages: nothing is lost, nothing is too long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from knowledge.index.passage import LONGEST, MOST, SIZE, cut, embedding_text


def test_paragraphs_are_kept_together_up_to_the_size() -> None:
    paragraphs = [f"{n} " + "word " * 40 for n in range(10)]
    found = cut("\n\n".join(paragraphs))
    assert all(len(passage) <= SIZE for passage in found)
    assert [p.strip() for passage in found for p in passage.split("\n\n")] == [
        p.strip() for p in paragraphs
    ]


def test_a_long_paragraph_is_cut_behind_a_sentence() -> None:
    found = cut("磁盘空间已经写满，需要清理。" * 100)
    assert len(found) > 1
    assert all(passage.endswith("。") for passage in found)


def test_no_text_is_one_empty_passage() -> None:
    assert cut("") == cut(" \n\n ") == [""]


def test_an_enormous_text_has_a_bound() -> None:
    assert len(cut("x" * 1_000_000)) == MOST


@given(st.text(alphabet=st.sampled_from("ab c.。，\n"), max_size=6000))
def test_every_character_but_blanks_is_kept(text: str) -> None:
    found = cut(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(len(passage) <= LONGEST for passage in found)


def test_the_title_goes_with_every_passage() -> None:
    assert embedding_text("Disk full", "Free 20 GB on host=a.") == "Disk full. Free GB on"
