"""How well the search finds: known questions with their right documents, as JSON Lines.

Documents `{"id", "title", "text"}`, queries `{"id", "text"}`, qrels `{"qid", "docid"}`, one object
a line. The same passages, index and fusion as in service, without a store.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TypeVar

import msgspec

from core.errors import InvalidInput, Problem
from knowledge.embed.embedder import Embedder
from knowledge.index.document import Document
from knowledge.index.index import Index, embedding_texts, make_query
from knowledge.index.passage import cut
from knowledge.index.words import fold, meaning, tidy

T = TypeVar("T")
DEPTH = 100  # how far down the list a right document counts for MRR


class Scores(msgspec.Struct, frozen=True):
    """Means over the queries that have a right document, each 0 … 1.

    hit_at_k: a right one among the first k. ndcg_at_10: as in Järvelin and Kekäläinen (2002),
    every right document worth the same. mrr: one over the place of the first right one.
    """

    queries: int
    hit_at_1: float
    hit_at_3: float
    ndcg_at_10: float
    mrr: float


class EvalDocument(msgspec.Struct, frozen=True):
    """A document of an evaluation set."""

    id: str
    text: str
    title: str = ""


class EvalQuery(msgspec.Struct, frozen=True):
    """A question of an evaluation set."""

    id: str
    text: str


class EvalQrel(msgspec.Struct, frozen=True):
    """That a document is a right answer to a question."""

    qid: str
    docid: str


def evaluate(docs: Path, queries: Path, qrels: Path, embedder: Embedder) -> Scores:
    """Measure the search on one evaluation set. Blocking.

    Raises InvalidInput when a file cannot be read, a line is malformed, or nothing is asked.
    """
    index = Index()
    for number, given in enumerate(read_lines(docs, EvalDocument)):
        document = Document(
            kind="article",
            ref=given.id,
            number=-number,
            stamp="",
            title=tidy(given.title),
            passages=tuple(cut(given.text)),
            names=frozenset({fold(given.title)} - {""}),
        )
        index.put(document)
        index.attach(document, embedder.embed(embedding_texts(document)))
    right: dict[str, set[str]] = {}
    for qrel in read_lines(qrels, EvalQrel):
        right.setdefault(qrel.qid, set()).add(qrel.docid)
    asked = [query for query in read_lines(queries, EvalQuery) if query.id in right]
    if not asked:
        raise InvalidInput(f"{queries}: no query has a right document in {qrels}")
    vectors = embedder.embed([meaning(query.text) for query in asked])
    totals = [0.0, 0.0, 0.0, 0.0]
    for query, vector in zip(asked, vectors, strict=True):
        hits = index.search(make_query(query.text, vector), DEPTH)
        for at, value in enumerate(_rate([h.document.ref for h in hits], right[query.id])):
            totals[at] += value
    return Scores(len(asked), *(round(total / len(asked), 4) for total in totals))


def _rate(found: list[str], right: set[str]) -> tuple[float, float, float, float]:
    """hit@1, hit@3, nDCG@10 and reciprocal rank of one list."""
    places = [place for place, ref in enumerate(found) if ref in right]
    gain = sum(1 / math.log2(place + 2) for place in places if place < 10)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(len(right), 10)))
    first = places[0] if places else math.inf
    return float(first < 1), float(first < 3), gain / ideal, 1 / (first + 1)


def read_lines(path: Path, kind: type[T]) -> list[T]:
    """The objects of a JSON Lines file. InvalidInput names every line that is none."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    decoder = msgspec.json.Decoder(kind)
    found: list[T] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            problems.append(Problem(f"{path}:{number}", str(error)))
    if problems:
        first = problems[0]
        raise InvalidInput(f"{first.path}: {first.message}", problems[:100])
    return found
