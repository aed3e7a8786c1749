"""Search, questions and analyses."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from bot.http.readable import read_readable
from bot.http.route import Call, Route
from core.errors import InvalidInput, NotFound, Problem
from core.ids import parse_short_id
from core.store import queries
from knowledge.analysis.model import Analysis
from knowledge.ask import AskAnswer
from knowledge.index.document import Kind
from knowledge.search import SearchResult

Text = Annotated[str, Meta(min_length=1, max_length=2000)]
EVERY_KIND: tuple[Kind, ...] = ("article", "incident")


class SearchQuery(msgspec.Struct, frozen=True):
    """What to look for, in any words of any language."""

    query: Text
    limit: Annotated[int, Meta(ge=1, le=100)] = 10
    kinds: Annotated[tuple[Kind, ...], Meta(max_length=10)] = EVERY_KIND


class Question(msgspec.Struct, frozen=True):
    """A question to the knowledge base."""

    question: Text


class AnalysisOrder(msgspec.Struct, frozen=True):
    """What to analyse: exactly one of the three. path: under a configured directory."""

    text: Annotated[str, Meta(min_length=1)] | None = None
    path: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None
    incident: Annotated[str, Meta(max_length=100)] | None = None


async def _search(call: Call) -> SearchResult:
    asked = await call.body(SearchQuery)
    _not_blank("query", asked.query)
    kinds = asked.kinds or EVERY_KIND
    return await call.parts.kb.search.search(asked.query, asked.limit, kinds)


async def _ask(call: Call) -> AskAnswer:
    asked = await call.body(Question)
    _not_blank("question", asked.question)
    return await call.parts.ask.ask(asked.question)


async def _analyse(call: Call) -> Analysis:
    order = await call.body(AnalysisOrder)
    given = [getattr(order, name) for name in order.__struct_fields__]
    if sum(value is not None for value in given) != 1:
        wrong = [Problem("body", "give exactly one of text, path, incident")]
        raise InvalidInput("a value is wrong", wrong)
    if order.incident is not None:
        return await _analyse_incident(call, order.incident)
    text = order.text
    if order.path is not None:
        text = await read_readable(call.parts.settings, order.path)
    return await call.parts.analyst.text(text or "")


async def _analyse_incident(call: Call, short: str) -> Analysis:
    number = parse_short_id(short, "INC")
    if number is None:
        raise NotFound(f"{short!a} is no incident; write it like INC-1")
    if await call.parts.db.read(lambda c: queries.incident(c, number)) is None:
        raise NotFound(f"there is no incident INC-{number}")
    similar = await call.parts.db.read(lambda c: queries.meaning(c, number).similar)
    return await call.parts.analyst.incident(number, similar)


def _not_blank(path: str, text: str) -> None:
    if not text.strip():
        raise InvalidInput("a value is wrong", [Problem(path, "is empty")])


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/search",
        handler=_search,
        key="knowledge.search",
        body=SearchQuery,
        answer=SearchResult,
    ),
    Route(
        method="POST",
        path="/api/v1/ask",
        handler=_ask,
        key="knowledge.ask",
        body=Question,
        answer=AskAnswer,
    ),
    Route(
        method="POST",
        path="/api/v1/analyses",
        handler=_analyse,
        key="knowledge.analyse",
        role="responder",
        body=AnalysisOrder,
        answer=Analysis,
        refuses=(404,),
    ),
)
