"""`tocsin kb …`: import, search and measure the knowledge base from the terminal."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from bot.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from core.config import Settings, load_settings

if TYPE_CHECKING:
    from knowledge.article.importing import ImportReport
    from knowledge.base import KnowledgeBase
    from knowledge.search import SearchResult

app = typer.Typer(no_args_is_help=True)


@asynccontextmanager
async def _knowledge(settings: Settings) -> AsyncIterator[KnowledgeBase]:
    from core.store.open import DataDir, Stores
    from knowledge.base import KnowledgeBase

    DataDir(settings.data_path, alone=False)
    stores = Stores.open(settings)
    base = KnowledgeBase(settings, stores.db, settings.data_path)
    try:
        yield base
    finally:
        await base.stop()
        await asyncio.to_thread(stores.close)


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Folders or files of Markdown.")],
    config: ConfigFile = DEFAULT_CONFIG,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import Markdown; what did not change since the last time stays as it is.

    Example: tocsin kb import ./runbooks --config config.yaml
    """
    settings = load_settings(config)
    report = asyncio.run(_import(settings, paths, dry_run=dry_run))
    if as_json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        counts = ("created", "changed", "unchanged", "failed")
        said = ", ".join(f"{name} {len(getattr(report, name))}" for name in counts)
        sys.stdout.write(said + "\n")
        for failure in report.failed:
            sys.stderr.write(f"{failure.path}: {failure.reason}\n")
    if report.failed:
        raise typer.Exit(1)


async def _import(settings: Settings, paths: list[Path], *, dry_run: bool) -> ImportReport:
    console = Console(stderr=True)
    async with _knowledge(settings) as base:
        with Progress(console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("import", total=None)
            return await base.importer.folders(
                paths,
                "tocsin kb import",
                dry_run=dry_run,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )


@app.command("search")
def search(
    text: Annotated[str, typer.Argument(help="What to look for.")],
    config: ConfigFile = DEFAULT_CONFIG,
    limit: Annotated[int, typer.Option(min=1, max=50)] = 5,
    as_json: AsJson = False,
) -> None:
    """Find articles and past incidents.

    Example: tocsin kb search 磁盘满 --config config.yaml
    """
    found = asyncio.run(_search(load_settings(config), text, limit))
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    for item in found.items:
        sys.stdout.write(f"{item.score:.2f} {item.confidence:6} {item.id:8} {item.title}\n")
        sys.stdout.write(f"     {item.snippet}\n")


async def _search(settings: Settings, text: str, limit: int) -> SearchResult:
    async with _knowledge(settings) as base:
        await base.start()
        await base.ready()
        return await base.search.search(text, limit)


@app.command("eval")
def evaluate(
    docs: Annotated[Path, typer.Option(help="JSON Lines of {id, title, text}.")],
    queries: Annotated[Path, typer.Option(help="JSON Lines of {id, text}.")],
    qrels: Annotated[Path, typer.Option(help="JSON Lines of {qid, docid}.")],
    config: Annotated[Path | None, typer.Option(help="For its embedder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the search on known questions: hit@1, hit@3, ndcg@10, mrr.

    Example: tocsin kb eval --docs docs.jsonl --queries queries.jsonl --qrels qrels.jsonl
    """
    from knowledge.embed.embedder import make_embedder
    from knowledge.evaluate import evaluate as measure

    settings = load_settings(config) if config is not None else Settings()
    embedder = make_embedder(settings, settings.data_path / "cache")
    scores = measure(docs, queries, qrels, embedder)
    figures = {
        "queries": scores.queries,
        "hit@1": scores.hit_at_1,
        "hit@3": scores.hit_at_3,
        "ndcg@10": scores.ndcg_at_10,
        "mrr": scores.mrr,
    }
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for name, value in figures.items():
        sys.stdout.write(f"{name:8} {value}\n")
