"""What tocsin answers has the fields and types of what a real Alertmanager answers.

Readers such as karma take no more than these calls: status, silences, alerts, groups, receivers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.model import alertmanager_config, tocsin_settings
from tests.e2e.programs import alertmanager
from tests.serving import ADMIN, served

pytestmark = pytest.mark.e2e
CALLS = ("alerts", "alerts/groups", "silences", "receivers", "status")
BAD: tuple[tuple[str, str, Any], ...] = (
    ("GET", "alerts?filter=nonsense", None),
    ("GET", "alerts?receiver=(", None),
    ("GET", "alerts/groups?filter=a%3D~%22(%22", None),
    ("GET", "silences?filter=nonsense", None),
    ("GET", "silence/123e4567-e89b-12d3-a456-426614174000", None),
    ("GET", "silence/nope", None),
    ("DELETE", "silence/nope", None),
    ("POST", "alerts", {}),
    ("POST", "alerts", [{"labels": {}}]),
    ("POST", "alerts", [{"labels": {"a b": "x"}}]),
    ("POST", "alerts", [{"labels": {"a": "x"}, "startsAt": "2099-01-01T00:00:00Z"}]),
    ("POST", "alerts", []),
    ("POST", "silences", {}),
    ("POST", "silences", {"matchers": []}),
)


def shape(value: Any) -> Any:
    """The fields and types of a value; of a list those of its first."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


async def told(session: aiohttp.ClientSession, method: str, url: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with session.request(method, url, json=body, headers=headers) as answer:
        text = await answer.text()
        return answer.status, await answer.json(content_type=None) if text else None


async def filled(session: aiohttp.ClientSession, api: str) -> dict[str, Any]:
    """What each call says when there are alerts, an inhibited and a silenced one among them."""
    alerts = [
        {
            "labels": {"alertname": "A", "severity": severity, "host": "h1"},
            "annotations": {"summary": "x"},
            "generatorURL": "http://prometheus.example/graph",
        }
        for severity in ("critical", "warning")
    ]
    silence = {
        "matchers": [{"name": "alertname", "value": "A", "isRegex": False}],
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "x",
        "comment": "y",
    }
    assert (await told(session, "POST", f"{api}/silences", silence))[0] == 200
    assert (await told(session, "POST", f"{api}/alerts", alerts))[0] == 200
    found = {}
    for call in CALLS:
        status, found[call] = await told(session, "GET", f"{api}/{call}", None)
        assert status == 200
    return found


async def test_answers_have_alertmanagers_shape(place: Path) -> None:
    url = "http://127.0.0.1:9"  # nobody is told
    async with (
        alertmanager(place, alertmanager_config(url)) as theirs,
        served(place, **tocsin_settings(url)) as ours,
        aiohttp.ClientSession() as session,
    ):
        apis = (f"{theirs}/api/v2", f"{ours.url}/api/v2")
        wanted, said = [await filled(session, api) for api in apis]
        for call in CALLS:
            assert shape(said[call]) == shape(wanted[call]), call
        fingerprints = [{a["fingerprint"] for a in found["alerts"]} for found in (wanted, said)]
        assert fingerprints[0] == fingerprints[1]
        for method, path, body in BAD:
            (status, text), (own_status, own_text) = [
                await told(session, method, f"{api}/{path}", body) for api in apis
            ]
            assert own_status == status, (method, path, body, own_text)
            assert shape(own_text) == shape(text), (method, path, body, own_text)
