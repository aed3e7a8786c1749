"""The measure of the search: right on a small set of our own, and right by the book."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from core.errors import InvalidInput
from knowledge.embed.builtin import BuiltinEmbedder
from knowledge.evaluate import evaluate

HERE = Path(__file__).parent


def test_questions_in_either_language_find_their_runbook(builtin: BuiltinEmbedder) -> None:
    scores = evaluate(
        HERE / "bilingual.jsonl", HERE / "queries.jsonl", HERE / "qrels.jsonl", builtin
    )
    assert scores.queries == 12
    assert scores.hit_at_1 >= 0.8
    assert scores.hit_at_3 >= 0.9
    assert scores.ndcg_at_10 >= 0.9
    assert scores.mrr >= 0.85


def test_the_figures_are_by_the_book(builtin: BuiltinEmbedder, tmp_path: Path) -> None:
    (tmp_path / "d").write_text(
        '{"id": "a", "title": "disk full", "text": "the disk is full"}\n\n'
        '{"id": "b", "text": "disk space on the host"}\n'
        '{"id": "c", "text": "证书过期"}\n'
    )
    (tmp_path / "q").write_text('{"id": "1", "text": "disk full"}\n{"id": "2", "text": "disk"}')
    (tmp_path / "r").write_text('{"qid": "1", "docid": "b"}\n{"qid": "1", "docid": "gone"}')
    scores = evaluate(tmp_path / "d", tmp_path / "q", tmp_path / "r", builtin)
    assert (scores.queries, scores.hit_at_1, scores.hit_at_3, scores.mrr) == (1, 0, 1, 0.5)
    ideal = 1 + 1 / math.log2(3)
    assert scores.ndcg_at_10 == pytest.approx((1 / math.log2(3)) / ideal, abs=1e-4)


def test_broken_files_are_named(builtin: BuiltinEmbedder, tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.write_text('{"id": "1", "text": "x"}')
    bad = tmp_path / "bad"
    bad.write_text('{"id": "1", "text": "x"}\n{"id": 2}\nnot json\n')
    with pytest.raises(InvalidInput, match="bad:2") as caught:
        evaluate(bad, good, good, builtin)
    assert [p.path.rsplit(":", 1)[1] for p in caught.value.problems] == ["2", "3"]
    with pytest.raises(InvalidInput, match="cannot be read"):
        evaluate(tmp_path / "none", good, good, builtin)
    qrels = tmp_path / "qrels"
    qrels.write_text('{"qid": "other", "docid": "1"}')
    with pytest.raises(InvalidInput, match="no query"):
        evaluate(good, good, qrels, builtin)
