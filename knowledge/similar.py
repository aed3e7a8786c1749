"""Similar: what happened before or is written down that resembles an incident, and what helped."""

from __future__ import annotations

from core.metrics import KB_HITS, KB_SEARCH_DURATION, KB_SEARCHES
from core.model.alert import Alert
from core.model.incident import Incident, SimilarItem
from knowledge.index.document import SERVICE_LABELS, Document, sayings, services_of
from knowledge.index.index import Hit, Key, make_query
from knowledge.index.live import LiveIndex
from knowledge.index.words import meaning
from knowledge.search import MEDIUM, QUERY_LIMIT, confidence, snippet, why

READ = 10  # alerts that the query is made of
_AMONG = 20  # candidates that are looked at
# What a past incident must share when neither its name nor its service is the same.
_SHARED_WORDS = 2
_CLOSE = 0.6  # cosine
_SAME_SERVICE = 0.05  # what the same service adds to the score
_FIXED = 0.1  # how much better a past incident without a known fix must be to stand before one


class Similar:
    """Finds what resembles an incident. min_score: what scores less is not worth showing."""

    def __init__(self, index: LiveIndex, min_score: float, language: str) -> None:
        self._index = index
        self._min_score = min_score
        self._language = language

    async def find(
        self, incident: Incident, alerts: list[Alert], limit: int = 2
    ) -> list[SimilarItem]:
        """Resolved incidents and published articles, best first, never the incident itself.

        Both kinds are shown where both are worth it: what fixed it last time, and what the
        runbook says.
        """
        with KB_SEARCH_DURATION.time():
            KB_SEARCHES.inc()
            text = query_text(incident, alerts)
            names = [*(alert.name for alert in alerts), *(a.rule for a in alerts if a.rule)]
            vector = await self._index.encoder.query(meaning(text))
            query = make_query(text, vector, names or [incident.title])
            itself: frozenset[Key] = frozenset({("incident", incident.short_id)})
            found = await self._index.search(query, _AMONG, ("article", "incident"), itself)
            items = [item for hit in found if (item := self._item(hit, incident, alerts))]
            items.sort(key=lambda i: -i.score - _FIXED * (i.kind == "incident" and i.fix != ""))
            chosen = _both_kinds(items, limit)
        if chosen:
            KB_HITS.inc()
        return chosen

    def _item(self, hit: Hit, incident: Incident, alerts: list[Alert]) -> SimilarItem | None:
        document = hit.document
        services = {s.casefold() for alert in alerts for s in services_of(alert.labels)}
        is_same_service = not services.isdisjoint(document.services)
        if document.kind == "incident" and not _is_alike(hit, is_same_service):
            return None
        score = min(1.0, hit.score + _SAME_SERVICE * is_same_service)
        if score < self._min_score:
            return None
        return SimilarItem(
            kind=document.kind,
            id=document.ref,
            title=document.title,
            score=round(score, 4),
            confidence=confidence(score),
            snippet=snippet(hit),
            fix=document.fix,
            matched=why(hit, self._language, _same(document, incident, alerts)),
        )


def query_text(incident: Incident, alerts: list[Alert]) -> str:
    """What is searched for an incident: names, what the sources say, the service concerned."""
    read = alerts[:READ]
    lines = dict.fromkeys(
        [
            *(alert.name for alert in read),
            *(alert.rule for alert in read),
            *(line for alert in read for line in sayings(alert)),
            *(name for alert in read for name in services_of(alert.labels)),
        ]
    )
    return "\n".join(line for line in lines if line)[:QUERY_LIMIT] or incident.title


def _is_alike(hit: Hit, is_same_service: bool) -> bool:
    """Whether a past incident shares something real rather than a manner of speaking."""
    if hit.exact or (hit.cosine is not None and hit.cosine >= _CLOSE):
        return True
    return len(hit.shared) >= (1 if is_same_service else _SHARED_WORDS)


def _same(document: Document, incident: Incident, alerts: list[Alert]) -> tuple[str, ...]:
    """Telling labels that an incident or article shares, as `service=pay`."""
    ours: dict[str, set[str]] = {}
    for labels in (incident.labels, *(alert.labels for alert in alerts)):
        for name in SERVICE_LABELS:
            if labels.get(name):
                ours.setdefault(name, set()).add(labels[name])
    same = [f"{n}={document.labels[n]}" for n in ours if document.labels.get(n) in ours[n]]
    if not same:
        services = {s.casefold(): s for a in alerts for s in services_of(a.labels)}
        same = [f"service={s}" for folded, s in services.items() if folded in document.services]
    return tuple(same[:2])


def _both_kinds(items: list[SimilarItem], limit: int) -> list[SimilarItem]:
    """The best `limit`, with one of each kind where the second kind is at least medium."""
    chosen = items[:limit]
    if limit < 2 or len({item.kind for item in chosen}) != 1:
        return chosen
    other = next((i for i in items[limit:] if i.kind != chosen[0].kind), None)
    if other is not None and other.score >= MEDIUM:
        chosen[-1] = other
    return chosen
