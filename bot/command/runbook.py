"""/runbook: the article that fits best, in full."""

from __future__ import annotations

from bot.command.args import Args, Ref
from bot.command.command import Command, Context
from bot.command.request import CommandReply
from bot.command.similar import similar_to
from bot.command.target import incident_named, last_incident
from bot.render.reply.article import article_page
from bot.render.words import brief
from core.ids import parse_short_id
from core.store import queries
from core.store.queries import ArticleRow

_OTHERS = 3


async def run(context: Context, args: Args) -> CommandReply:
    """`/runbook [KB-2|INC-3|TEXT]`: an article, the best for an incident, or for a text."""
    ref = args.ref()
    if ref is not None and ref.kind == "KB":
        return CommandReply(
            article_page(await article_named(context, ref.number), (), context.reader)
        )
    if ref is None and args.text:
        return await _for_text(context, args.rest())
    return await _for_incident(context, ref)


async def _for_text(context: Context, query: str) -> CommandReply:
    found = await context.parts.kb.search.search(query, limit=_OTHERS + 1, kinds=("article",))
    candidates = [(item.id, item.title) for item in found.items]
    if not candidates:
        raise context.unable("runbook.none_for_text", query=query[:80])
    return await _best(context, candidates, None)


async def _for_incident(context: Context, ref: Ref | None) -> CommandReply:
    incident = await incident_named(context, ref) if ref else await last_incident(context)
    found = await similar_to(context, incident)
    candidates = [(item.id, item.title) for item in found if item.kind == "article"]
    if not candidates:
        raise context.unable("runbook.none", id=incident.short_id)
    return await _best(context, candidates, incident.number)


async def _best(
    context: Context, candidates: list[tuple[str, str]], incident: int | None
) -> CommandReply:
    article = await article_named(context, parse_short_id(candidates[0][0], "KB") or 0)
    others = [f"{i} {brief(title, 100, context.language)}" for i, title in candidates[1:]]
    return CommandReply(article_page(article, others[:_OTHERS], context.reader), incident)


async def article_named(context: Context, number: int) -> ArticleRow:
    """`KB-<number>`. Raises Unable when there is none."""
    article = await context.read(lambda c: queries.article(c, number))
    if article is None:
        raise context.unable("runbook.missing", id=f"KB-{number}")
    return article


COMMAND = Command("runbook", "/runbook INC-3", "viewer", run)
