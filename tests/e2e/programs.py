"""Alertmanager, amtool and Prometheus as a person would run them, each on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _running(command: list[str], ready: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(30), aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(ready) as answer:
                        if answer.status == 200:
                            break
                await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def alertmanager(directory: Path, config: dict[str, Any]) -> AsyncIterator[str]:
    """A real Alertmanager with this configuration; yields its address."""
    file = directory / "alertmanager.yml"
    file.write_text(yaml.safe_dump(config), "utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        "prometheus-alertmanager",
        f"--config.file={file}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
    ]
    async with _running(command, f"{url}/-/ready"):
        yield url


@asynccontextmanager
async def prometheus(directory: Path, config: dict[str, Any]) -> AsyncIterator[str]:
    """A real Prometheus with this configuration; POST /-/reload reads it again."""
    file = directory / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), "utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={file}",
        f"--storage.tsdb.path={directory / 'prometheus'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--web.enable-lifecycle",
        "--rules.alert.resend-delay=1s",
    ]
    async with _running(command, f"{url}/-/ready"):
        yield url


async def amtool(url: str, *arguments: str, fails: bool = False) -> str:
    """What amtool says. fails: whether it must end with an error."""
    process = await asyncio.create_subprocess_exec(
        "amtool",
        f"--alertmanager.url={url}",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    said = (out + err).decode()
    assert (process.returncode != 0) is fails, (arguments, process.returncode, said)
    return said
