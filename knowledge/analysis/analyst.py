"""The analyst: asks the model when there is one, and never stands there without an answer."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy import Connection

from core.clock import Clock, utc_now
from core.config.settings import Settings
from core.errors import NotFound
from core.metrics import AI_DURATION, AI_ERRORS, AI_REQUESTS
from core.model.alert import Alert
from core.model.incident import Incident, SimilarItem, TimelineEntry
from core.store import queries
from core.store.database import Database
from knowledge.analysis import stored
from knowledge.analysis.claims import Reply, checked
from knowledge.analysis.digest import Digest, digest
from knowledge.analysis.extract import extract, level_of, rules_meta
from knowledge.analysis.material import Material, of_incident, of_text
from knowledge.analysis.model import Analysis, Level, Meta
from knowledge.analysis.prompt import prompt
from knowledge.analysis.shown import shown
from knowledge.analysis.stored import AnalysisKind
from knowledge.llm import LlmClient, ModelError

log = structlog.get_logger(__name__)

_ONE_BELOW: dict[Level, Level] = {"high": "medium", "medium": "low", "low": "low"}


class Case(msgspec.Struct, frozen=True):
    """An incident with all that an analysis reads of it."""

    incident: Incident
    alerts: list[Alert]
    timeline: list[TimelineEntry]


def load_case(connection: Connection, number: int) -> Case:
    """The case of `INC-<number>`. Raises NotFound."""
    incident = queries.incident(connection, number)
    if incident is None:
        raise NotFound(f"there is no incident INC-{number}")
    alerts = queries.alerts_of_incident(connection, number)
    return Case(incident, alerts, queries.timeline(connection, number))


class Analyst:
    """Analyses of incidents and texts. `llm` is None when AI is off."""

    def __init__(
        self, settings: Settings, db: Database, llm: LlmClient | None, clock: Clock = utc_now
    ) -> None:
        self._language = settings.language
        self._db = db
        self._llm = llm
        self._clock = clock
        self._outcomes: deque[tuple[datetime, bool]] = deque(maxlen=1000)
        self._long_texts = asyncio.Semaphore(1)  # one at a time: each may fill a core for a second

    async def incident(
        self, number: int, similar: list[SimilarItem], *, model: bool = True
    ) -> Analysis:
        """What `INC-<number>` means, from its alerts, its notes and `similar` cases; stored.

        With `model=False` the rules answer at once; so they do when AI is off or fails (then
        `meta.error_class` says why). Raises NotFound, StoreError.
        """
        case = await self._db.read(lambda c: load_case(c, number))
        analysis = await self.about(case, similar, model=model)
        await self._db.write(lambda c: self.keep(c, analysis, "incident", number))
        return analysis

    async def about(
        self, case: Case, similar: list[SimilarItem], *, model: bool = True
    ) -> Analysis:
        """`incident` for a case that is loaded already; not stored. See `keep`."""
        started = time.monotonic()

        def read() -> tuple[Material, Digest]:
            material = of_incident(case.incident, case.alerts, similar, case.timeline)
            return material, digest(material)

        material, found = await asyncio.to_thread(read)
        return await self._analyse(material, found, "incident", started, model=model)

    async def text(self, text: str) -> Analysis:
        """What a log or any text means; stored. Raises StoreError."""
        started = time.monotonic()

        def read() -> tuple[Material, Digest]:
            material = of_text(text)
            return material, digest(material)

        async with self._long_texts:
            material, found = await asyncio.to_thread(read)
        analysis = await self._analyse(material, found, "text", started, model=True)
        await self._db.write(lambda c: self.keep(c, analysis, "text", None))
        return analysis

    def degraded_ratio(self, window: timedelta) -> float:
        """The share of degraded ones among the analyses of `window` that wanted the model.

        0.0 when there were none. This process's own, at most the last 1,000.
        """
        since = self._clock() - window
        outcomes = [degraded for at, degraded in self._outcomes if at >= since]
        return sum(outcomes) / len(outcomes) if outcomes else 0.0

    async def _analyse(
        self,
        material: Material,
        found: Digest,
        kind: AnalysisKind,
        started: float,
        *,
        model: bool,
    ) -> Analysis:
        error: ModelError | None = None
        analysis: Analysis | None = None
        if self._llm is None:
            error = ModelError("disabled")
        elif model:
            try:
                analysis = await self._ask(self._llm, material, found, kind)
            except ModelError as failed:
                error = failed
            self._outcomes.append((self._clock(), analysis is None))
        if analysis is None:
            meta = rules_meta(material, error)
            analysis = await asyncio.to_thread(extract, material, found, self._language, meta)
        elapsed = time.monotonic() - started
        if self._llm is None:  # what the client counts when there is one
            AI_REQUESTS.labels(kind, "degraded").inc()
            AI_ERRORS.labels("disabled").inc()
            AI_DURATION.labels(kind).observe(elapsed)
        meta = msgspec.structs.replace(analysis.meta, elapsed_ms=round(elapsed * 1000))
        return msgspec.structs.replace(analysis, meta=meta)

    async def _ask(
        self, llm: LlmClient, material: Material, found: Digest, kind: AnalysisKind
    ) -> Analysis:
        """The model's analysis, held against what it was shown. Raises ModelError."""
        given = await asyncio.to_thread(shown, material, found)
        wording = prompt("analysis")
        # A log may talk a model into "all is well": alerts keep their severity, a text nearly.
        level = level_of(material, found)
        floor = level if material.severity is not None else _ONE_BELOW[level]
        meta = Meta(
            model=llm.model,
            degraded=False,
            redacted=material.redacted or given.placeholders.count > 0,
            truncated=material.truncated or not given.complete,
            prompt=wording.version,
        )

        def check(reply: Reply) -> None:
            checked(reply, given, floor, meta, trouble=bool(found.shapes))

        completion = await llm.complete(
            wording.messages(given.data, self._language), kind=kind, schema=Reply, check=check
        )
        meta = msgspec.structs.replace(
            meta, model=completion.model, tokens=completion.tokens, retries=completion.retries
        )
        return checked(completion.data, given, floor, meta, trouble=bool(found.shapes))

    def keep(
        self, connection: Connection, analysis: Analysis, kind: AnalysisKind, incident: int | None
    ) -> None:
        """Store an analysis in the caller's transaction; the newest is the one people see."""
        at = self._clock()
        stored.add(connection, analysis, kind=kind, incident=incident, at=at)
        log.info(
            "analysis_stored",
            kind=kind,
            incident=incident,
            model=analysis.meta.model,
            error_class=analysis.meta.error_class,
            elapsed_ms=analysis.meta.elapsed_ms,
        )
