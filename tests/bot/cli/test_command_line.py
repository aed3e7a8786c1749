"""The `tocsin` command as a shell sees it: standard output, standard error, exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.serving import BASE, POSTGRES, ROOT, served

RUNBOOK = """---
title: 磁盘写满
tags: [disk]
---
# 处理
No space left on device 时先清理 /data 下的旧日志。
"""


class Shell:
    """Runs `tocsin …` in a directory of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def settings(self, **changes: Any) -> None:
        """Write config.yaml."""
        stored = {"database": {"url": POSTGRES}} if POSTGRES else {}
        whole = {"data_dir": "data", **stored, **BASE, **changes}
        text = yaml.safe_dump(whole, allow_unicode=True)
        (self.place / "config.yaml").write_text(text, "utf-8")

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        """Standard output and standard error of a run that must end with `code`."""
        ended = subprocess.run(
            [sys.executable, "-m", "bot.cli.main", *words],
            cwd=self.place,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ended.returncode == code, (ended.returncode, ended.stdout, ended.stderr)
        assert "Traceback" not in ended.stderr
        return ended.stdout, ended.stderr


@pytest.fixture
def shell(place: Path) -> Shell:
    one = Shell(place)
    one.settings()
    return one


def test_good_settings_are_ok(shell: Shell) -> None:
    out, err = shell.run("check-config", "config.yaml")
    assert (out, err) == ("config.yaml: ok\n", "")


def test_every_mistake_of_the_settings_is_named(shell: Shell) -> None:
    rules = [
        {"name": "a", "match": {"any": ["re:(unclosed"]}},
        {"name": "b", "match": {"any": [""]}},
        {"name": "c"},
    ]
    shell.settings(
        rules=rules,
        server={"port": 99999},
        receivers=[{"name": "room", "channels": ["nowhere"]}],
        resolve_timeout="soon",
    )
    _out, err = shell.run("check-config", "config.yaml", code=2)
    paths = {line.split(": ", 1)[0] for line in err.splitlines()}
    wrong = {
        "rules[0].match.any[0]",
        "rules[1].match.any[0]",
        "rules[2]",
        "server.port",
        "resolve_timeout",
    }
    assert wrong <= paths


@pytest.mark.parametrize(
    "words",
    [
        ("check-config", "none.yaml"),
        ("check-config",),
        ("serve", "--port", "x"),
        ("kb", "import", "--config", "none.yaml", "."),
        ("token", "create", "--role", "king", "--name", "x"),
        ("nonsense",),
    ],
)
def test_wrong_usage_exits_2_and_says_why(shell: Shell, words: tuple[str, ...]) -> None:
    out, err = shell.run(*words, code=2)
    assert out == ""
    assert err.strip()


def test_what_cannot_be_done_exits_1(shell: Shell) -> None:
    _out, err = shell.run("replay", "none.log", code=1)
    assert "none.log" in err


def test_the_knowledge_base_from_the_shell(shell: Shell) -> None:
    folder = shell.place / "runbooks"
    folder.mkdir()
    (folder / "disk.md").write_text(RUNBOOK, "utf-8")
    (folder / "broken.md").write_bytes(b"---\ntitle: [\n---\n")
    out, _err = shell.run("kb", "import", "runbooks", "--dry-run", "--json", code=1)
    assert len(json.loads(out)["created"]) == 1
    out, _err = shell.run("kb", "import", str(folder / "disk.md"), "--json")
    assert len(json.loads(out)["created"]) == 1  # the dry run stored nothing
    out, _err = shell.run("kb", "import", str(folder / "disk.md"))
    assert "1" in out
    out, _err = shell.run("kb", "search", "磁盘满 No space left", "--json", "--limit", "3")
    (found,) = json.loads(out)["items"]
    assert (found["kind"], found["title"]) == ("article", "磁盘写满")
    out, _err = shell.run("kb", "search", "磁盘满 No space left")
    assert "磁盘写满" in out


def test_the_measure_of_the_search(shell: Shell) -> None:
    def lines(name: str, rows: list[dict[str, str]]) -> str:
        text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
        (shell.place / name).write_text(text, "utf-8")
        return name

    docs = [
        {"id": "d1", "title": "Disk full", "text": "No space left on device: remove old logs"},
        {"id": "d2", "title": "证书过期", "text": "TLS 证书过期，重新签发"},
    ]
    queries = [{"id": "q1", "text": "disk is full"}, {"id": "q2", "text": "证书过期"}]
    qrels = [{"qid": "q1", "docid": "d1"}, {"qid": "q2", "docid": "d2"}]
    out, _err = shell.run(
        "kb", "eval", "--json",
        "--docs", lines("docs.jsonl", docs),
        "--queries", lines("q.jsonl", queries),
        "--qrels", lines("r.jsonl", qrels),
    )  # fmt: skip
    figures = json.loads(out)
    assert (figures["hit@1"], figures["hit@3"], figures["ndcg@10"], figures["mrr"]) == (1, 1, 1, 1)
    _out, err = shell.run(
        "kb", "eval", "--docs", "docs.jsonl", "--queries", "q.jsonl", "--qrels", "none", code=1
    )
    assert "none" in err


async def test_a_new_token_is_known_to_a_running_tocsin(place: Path) -> None:
    async with served(place) as tocsin:
        out, _err = Shell(place).run("token", "create", "--role", "ingest", "--name", "ci")
        token = out.strip()
        body = {"labels": {"alertname": "A"}}
        await tocsin.post("/api/v1/events", body, 202, token=token)
        await tocsin.post("/api/v1/search", {"query": "x"}, 403, token=token)
        entries = (await tocsin.get("/api/v1/audit"))["items"]
        assert any(e["action"] == "token.create" and e["object"] == "ci" for e in entries)
        assert token not in json.dumps(entries)


def test_the_database_is_brought_up_to_date_twice(shell: Shell) -> None:
    for _ in range(2):
        assert shell.run("db", "upgrade")[0] == "the database is up to date\n"


def test_a_replay_says_what_would_have_been_told(shell: Shell) -> None:
    shell.settings(
        rules=[
            {"name": "oom", "match": {"any": ["OutOfMemoryError"], "none": ["test"]},
             "severity": "critical", "fingerprint": ["pod"], "labels": {"team": "shop"}},
        ],
        logs=[{"name": "shop", "paths": ["*.log"], "labels": {"app": "shop"}}],
    )  # fmt: skip
    log = "fine\nOutOfMemoryError one\nOutOfMemoryError in a test\nOutOfMemoryError two\n"
    (shell.place / "app.log").write_text(log, "utf-8")
    out, _err = shell.run("replay", "app.log", "--json")
    *decisions, totals = [json.loads(line) for line in out.splitlines()]
    del totals["seconds"]
    assert totals == {"lines": 4, "matched": 2, "events": 2, "alerts": 1, "notifications": 1}
    assert [d["verdict"] for d in decisions] == ["grouped", "notified"]
    assert decisions[0]["labels"]["app"] == "shop"
    out, _err = shell.run("replay", "app.log", "--quiet", "--json")
    assert json.loads(out)["matched"] == 2
    assert len(out.splitlines()) == 1
    assert not (shell.place / "data").exists()  # nothing is stored


def test_a_replay_of_recorded_events(shell: Shell) -> None:
    events = [
        {"labels": {"alertname": "A"}, "status": "firing"},
        {"labels": {"alertname": "A"}, "status": "resolved"},
    ]
    text = "".join(json.dumps(e) + "\n" for e in events) + "{broken\n"
    (shell.place / "events.jsonl").write_text(text, "utf-8")
    out, err = shell.run("replay", "events.jsonl", "--quiet")
    totals = json.loads(out)
    assert (totals["lines"], totals["events"], totals["alerts"]) == (3, 2, 1)
    assert "replay_line_skipped" in err


def test_the_demo_writes_a_log_until_it_is_stopped(shell: Shell) -> None:
    log = shell.place / "shop.log"
    demo = subprocess.Popen(
        [sys.executable, "-m", "bot.cli.main", "demo", "--log", str(log), "--files", "reports"],
        cwd=shell.place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            if log.exists() and log.read_text("utf-8").count("\n") >= 2:
                break
            try:
                demo.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError("the demo ended by itself")
        assert log.read_text("utf-8").count("\n") >= 2
        assert list((shell.place / "reports").glob("orders-*.csv"))
    finally:
        demo.terminate()
        demo.wait(10)
