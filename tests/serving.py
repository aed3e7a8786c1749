"""A tocsin as a process of its own, as a person would start it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

POSTGRES = os.environ.get("TOCSIN_TEST_POSTGRES", "")
ROOT = Path(__file__).parents[1]
ADMIN = "admin-token-of-the-tests"
HOOK = "hook-token-of-the-tests"
BASE: dict[str, Any] = {
    "server": {"host": "127.0.0.1", "port": 0},
    "auth": {"admin_token": ADMIN},
    "hooks": [{"name": "main", "source": "alertmanager", "auth": {"bearer": HOOK}}],
    "channels": [{"name": "room", "type": "web"}],
    "receivers": [{"name": "room", "channels": ["room"]}],
    "route": {"receiver": "room", "group_by": ["alertname"], "group_wait": "0s"},
    "knowledge": {"starter": False},
}


class Served:
    """A running `tocsin serve`. said: what it wrote to standard output until it was ready."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, said: str) -> None:
        self.process = process
        self.url = url
        self.said = said
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {ADMIN}"})

    async def get(self, path: str) -> Any:
        """The JSON of a call that must succeed."""
        async with self._session.get(self.url + path) as answer:
            assert answer.status == 200, (answer.status, await answer.text())
            return await answer.json()

    async def post(self, path: str, body: Any, status: int = 200, token: str = ADMIN) -> Any:
        """The JSON of a POST that must be answered with `status`."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self._session.post(self.url + path, json=body, headers=headers) as answer:
            assert answer.status == status, (answer.status, await answer.text())
            return await answer.json()

    async def say(self, text: str) -> str:
        """A command in the web room, and the bot's answer."""
        answer = await self.post("/chat/web/room/messages", {"text": text})
        return str(answer["reply"]["text"])

    async def until(self, path: str, found: Any, seconds: float = 15) -> Any:
        """Ask `path` until it exists and `found(answer)` is true; returns that answer."""
        answer = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    async with self._session.get(self.url + path) as response:
                        answer = await response.json()
                        if response.status == 200 and found(answer):
                            return answer
                    await asyncio.sleep(0.05)
        raise AssertionError(f"{path} still gives {answer}")

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        await self._session.close()
        async with asyncio.timeout(15):
            return await self.process.wait()


async def start(
    directory: Path, settings: dict[str, Any], *command: str
) -> asyncio.subprocess.Process:
    """Start `tocsin serve`, or another command, in `directory`, whose data it keeps there."""
    config = directory / "config.yaml"
    stored = {"database": {"url": POSTGRES}} if POSTGRES else {}
    whole = {"data_dir": "data", **stored, **settings}
    config.write_text(yaml.safe_dump(whole, allow_unicode=True), "utf-8")
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.cli.main",
        *(command or ("serve",)),
        "--config",
        str(config),
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def served(directory: Path, **settings: Any) -> AsyncIterator[Served]:
    """`tocsin serve` with BASE and these settings, until the block ends."""
    process = await start(directory, {**BASE, **settings})
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    said = ""
    async with asyncio.timeout(30):
        while "http://" not in said:
            line = await process.stdout.readline()
            if not line:
                raise AssertionError((await errors).decode("utf-8", "replace"))
            said += line.decode()
        while (line := await process.stdout.readline()).strip():
            said += line.decode()
    url = "http://" + said.split("http://", 1)[1].split()[0]
    service = Served(process, url, said)
    try:
        yield service
    finally:
        await service.stop()
        written = (await errors).decode("utf-8", "replace")
        assert "Traceback" not in written, written
