"""What of the store belongs in the index, and the vectors kept for it.

Every function runs inside a read or a transaction of its caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from core.model.incident import Incident
from core.store import queries
from core.store.queries import ArticleRow
from core.store.rows import from_row
from core.store.schema import articles, incidents, passages
from knowledge.index.document import Document, Kind, is_test, of_article, of_incident
from knowledge.index.index import Key, embedding_texts
from knowledge.index.passage import content_hash

if TYPE_CHECKING:
    from knowledge.index.vectors import Matrix

MOST_ARTICLES = 100_000
MOST_INCIDENTS = 50_000  # the newest; what is older no longer tells how things are
_PIECE = 500

# A row's stamp; None when it must not be found.
Stamps = dict[Key, str | None]


def stamps(connection: Connection, since: datetime | None) -> tuple[Stamps, datetime | None]:
    """The rows that changed after `since` (None: every row that may be found), with the moment
    of the newest change."""
    found: Stamps = {}
    newest = since
    a, i = articles.c, incidents.c
    written = select(a.id, a.status, a.version, a.updated_at).order_by(a.number.desc())
    happened = select(i.number, i.status, i.updated_at).order_by(i.number.desc())
    if since is None:
        written = written.where(a.status == "published").limit(MOST_ARTICLES)
        happened = happened.where(i.status == "resolved").limit(MOST_INCIDENTS)
        moments = (
            connection.execute(select(func.max(column))).scalar()
            for column in (a.updated_at, i.updated_at)
        )
        newest = max((moment for moment in moments if moment is not None), default=None)
    else:
        written = written.where(a.updated_at > since)
        happened = happened.where(i.updated_at > since)
    for ref, status, version, at in connection.execute(written):
        newest = max(newest or at, at)
        found["article", ref] = f"{version}:{at.isoformat()}" if status == "published" else None
    for number, state, at in connection.execute(happened):
        newest = max(newest or at, at)
        found["incident", f"INC-{number}"] = at.isoformat() if state == "resolved" else None
    return found, newest


def documents(connection: Connection, wanted: Sequence[tuple[Key, str]]) -> list[Document]:
    """These rows, with the stamps they were asked for under, as documents.

    Rows that are gone, changed their status since, or are only tests are left out.
    """
    stamped = dict(wanted)
    found: list[Document] = []
    ids = [ref for kind, ref in stamped if kind == "article"]
    query = select(articles).where(articles.c.id.in_(ids), articles.c.status == "published")
    for row in connection.execute(query) if ids else ():
        article = from_row(ArticleRow, row)
        found.append(of_article(article, stamped["article", article.id]))
    numbers = [int(ref.removeprefix("INC-")) for kind, ref in stamped if kind == "incident"]
    told = queries.stories(connection, numbers) if numbers else {}
    query = select(incidents).where(
        incidents.c.number.in_(numbers), incidents.c.status == "resolved"
    )
    for row in connection.execute(query) if numbers else ():
        incident = from_row(Incident, row)
        alerts = queries.alerts_of_incident(connection, incident.number, 50)
        if not is_test(incident, alerts):
            stamp = stamped["incident", incident.short_id]
            found.append(of_incident(incident, alerts, told[incident.number].timeline, stamp))
    return found


def stored_vectors(
    connection: Connection, wanted: Sequence[Document], embedder: str
) -> dict[Key, Matrix]:
    """The vectors of those documents whose every passage was embedded as it stands now."""
    import numpy as np

    kept: dict[Key, dict[int, tuple[str, bytes]]] = {}
    c = passages.c
    for kind in {document.kind for document in wanted}:
        refs = [document.ref for document in wanted if document.kind == kind]
        query = select(c.ref, c.part, c.content_hash, c.vector).where(
            c.kind == kind, c.ref.in_(refs), c.embedder == embedder
        )
        for row in connection.execute(query):
            kept.setdefault((kind, row.ref), {})[row.part] = (row.content_hash, row.vector)
    found: dict[Key, Matrix] = {}
    for document in wanted:
        rows = kept.get(document.key, {})
        hashes = [content_hash(text) for text in embedding_texts(document)]
        if all(rows.get(part, ("",))[0] == name for part, name in enumerate(hashes)):
            joined = b"".join(rows[part][1] for part in range(len(hashes)))
            found[document.key] = np.frombuffer(joined, dtype="<f4").reshape(len(hashes), -1)
    return found


def keep_vectors(
    connection: Connection, document: Document, vectors: Matrix, embedder: str, at: datetime
) -> None:
    """Store a document's vectors in place of those it had from this embedder."""
    rows: list[dict[str, Any]] = [
        {
            "kind": document.kind,
            "ref": document.ref,
            "part": part,
            "content_hash": content_hash(text),
            "text": document.passages[part],
            "embedder": embedder,
            "vector": vector.astype("<f4").tobytes(),
            "updated_at": at,
        }
        for part, (text, vector) in enumerate(zip(embedding_texts(document), vectors, strict=True))
    ]
    is_postgresql = connection.dialect.name == "postgresql"
    statement = (upsert_postgresql if is_postgresql else upsert_sqlite)(passages)
    place = ["kind", "ref", "part", "embedder"]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in place}
    connection.execute(statement.on_conflict_do_update(index_elements=place, set_=changed), rows)
    connection.execute(delete(passages).where(*_of(document.key), passages.c.part >= len(rows)))


def drop_vectors(connection: Connection, key: Key) -> None:
    """Delete what was kept of a document that is not found any more."""
    connection.execute(delete(passages).where(*_of(key)))


def others_vectors(connection: Connection, embedder: str) -> list[int]:
    """Some of the rows that other embedders left; empty when there are none."""
    query = select(passages.c.seq).where(passages.c.embedder != embedder).limit(_PIECE)
    return list(connection.execute(query).scalars())


def drop_rows(connection: Connection, rows: list[int]) -> None:
    """Delete these rows of vectors."""
    connection.execute(delete(passages).where(passages.c.seq.in_(rows)))


def _of(key: tuple[Kind, str]) -> tuple[Any, Any]:
    return passages.c.kind == key[0], passages.c.ref == key[1]
