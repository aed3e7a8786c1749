"""tocsin beside a real Alertmanager: the same story, the same alerts, the same people told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.model import (
    Ear,
    Heard,
    Story,
    Told,
    alertmanager_config,
    imported_settings,
    key,
    listening,
    tocsin_settings,
)
from tests.e2e.programs import alertmanager
from tests.serving import ADMIN, served

pytestmark = pytest.mark.e2e
SEEDS = [int(seed) for seed in os.environ.get("TOCSIN_MODEL_SEEDS", "1 2 3").split()]
ROUNDS = 5
PATIENCE = 20.0  # seconds until both must say the same


class Side:
    """One of the two, through API v2. silences: the ids it gave, in the order of the story."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = f"{url}/api/v2"
        self._session = session
        self.silences: list[str] = []

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {ADMIN}"}
        url = f"{self._url}/{path}"
        async with self._session.request(method, url, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, await answer.json(content_type=None) if text else None

    async def post(self, alerts: list[dict[str, Any]]) -> int:
        return (await self.call("POST", "alerts", alerts))[0]

    async def silence(self, silence: dict[str, Any]) -> int:
        status, said = await self.call("POST", "silences", silence)
        if status == 200:
            self.silences.append(said["silenceID"])
        return status

    async def alerts(self) -> dict[Any, Any]:
        """What is said of each alert that does not depend on the moment or the side."""
        _status, found = await self.call("GET", "alerts")
        return {
            a["fingerprint"]: (
                key(a["labels"]),
                a["status"]["state"],
                len(a["status"]["silencedBy"]),
                len(a["status"]["inhibitedBy"]),
                sorted(r["name"] for r in a["receivers"]),
                a["annotations"],
            )
            for a in found
        }

    async def active(self) -> Told:
        """What must have been told when every group was flushed."""
        return {
            (receiver, labels)
            for labels, state, *_, receivers, _notes in (await self.alerts()).values()
            for receiver in receivers
            if state == "active"
        }

    async def groups(self) -> list[Any]:
        """Every group: receiver, labels, fingerprints."""
        _status, found = await self.call("GET", "alerts/groups")
        return sorted(
            (g["receiver"]["name"], key(g["labels"]), sorted(a["fingerprint"] for a in g["alerts"]))
            for g in found
        )


async def agree(what: str, seed: int, ask: Callable[[], Awaitable[tuple[Any, Any]]]) -> None:
    """Both sides come to say the same."""
    theirs, ours = await ask()
    try:
        async with asyncio.timeout(PATIENCE):
            while theirs != ours:
                await asyncio.sleep(0.1)
                theirs, ours = await ask()
    except TimeoutError:
        pass
    assert ours == theirs, f"seed {seed}: {what}"


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_same_story_has_the_same_end(place: Path, seed: int) -> None:
    story = Story(seed)
    settings = imported_settings if seed % 2 else tocsin_settings
    async with (
        listening() as ear,
        alertmanager(place, alertmanager_config(ear.url)) as url,
        served(place, **settings(ear.url)) as tocsin,
        aiohttp.ClientSession() as session,
    ):
        both = [Side(url, session), Side(tocsin.url, session)]

        async def alerts() -> tuple[Any, Any]:
            return await both[0].alerts(), await both[1].alerts()

        async def groups() -> tuple[Any, Any]:
            return await both[0].groups(), await both[1].groups()

        ever: Told = set()
        for _ in range(ROUNDS):
            await play(story, both)
            await agree("alerts", seed, alerts)
            await agree("groups", seed, groups)
            active = await both[0].active()
            for who, heard in (("Alertmanager", ear.alertmanager), ("tocsin", ear.tocsin)):
                what = f"active and not told by {who}"
                await agree(what, seed, partial(untold, active, heard))
            # Alertmanager may tell what is inhibited when both come at once: it takes alerts one by
            # one, and may flush between the two.
            ever |= active
            assert ever <= ear.tocsin.firing <= ever | ear.alertmanager.firing, f"seed {seed}"
        # Alertmanager may tell the end of what it never told, and tells none while it is muted.
        await agree("ends that only Alertmanager told", seed, lambda: ends(ear))
        assert ear.tocsin.resolved <= ear.tocsin.firing


async def untold(active: Told, heard: Heard) -> tuple[Any, Any]:
    return set(), active - heard.firing


async def ends(ear: Ear) -> tuple[Any, Any]:
    ended = ear.alertmanager.resolved & ear.alertmanager.firing
    return set(), ended - ear.tocsin.resolved


async def play(story: Story, both: list[Side]) -> None:
    """One round. Silences come first, so that it is no race whether they are in time."""
    gone = story.expires(len(both[0].silences))
    if gone is not None:
        for side in both:
            status, _said = await side.call("DELETE", f"silence/{side.silences[gone]}")
            assert status == 200
    silence = story.silence()
    if silence is not None:
        assert len({await side.silence(silence) for side in both}) == 1
    alerts = story.alerts()
    assert [await side.post(alerts) for side in both] == [200, 200]
