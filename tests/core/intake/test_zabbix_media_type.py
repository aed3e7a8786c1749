"""The media type in docs/zabbix, run as Zabbix runs it: a function of `value`, with its objects."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import playwright
import pytest
import yaml

from core.intake import zabbix

FOLDER = Path(__file__).parents[3] / "docs" / "zabbix"
SCRIPT = (FOLDER / "tocsin.js").read_text("utf-8")
NODE = Path(playwright.__file__).parent / "driver" / ("node.exe" if os.name == "nt" else "node")
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
# The objects of zabbix.com/documentation, "Additional JavaScript objects".
AROUND = """
const [value, status] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const sent = {headers: []};
function HttpRequest() {}
HttpRequest.prototype.addHeader = line => { sent.headers.push(line); };
HttpRequest.prototype.setProxy = proxy => { sent.proxy = proxy; };
HttpRequest.prototype.post = (url, body) => { sent.url = url; sent.body = body; return 'why'; };
HttpRequest.prototype.getStatus = () => status;
const Zabbix = {log: (level, text) => { sent.log = text; }};
try { sent.result = (function (value) {%s})(value); } catch (error) { sent.thrown = error; }
console.log(JSON.stringify(sent));
"""


def exported() -> dict[str, Any]:
    whole = yaml.safe_load((FOLDER / "tocsin.yaml").read_text("utf-8"))
    (media_type,) = whole["zabbix_export"]["media_types"]
    found: dict[str, Any] = media_type
    return found


def parameters(**changes: str) -> dict[str, str]:
    """What Zabbix makes of the parameters: macros that it knows are resolved."""
    given = {p["name"]: p["value"] for p in exported()["parameters"]}
    known = {
        "{EVENT.ID}": "77",
        "{EVENT.VALUE}": "1",
        "{EVENT.STATUS}": "PROBLEM",
        "{EVENT.NAME}": '"/data" 已满',
        "{EVENT.NSEVERITY}": "5",
        "{EVENT.DATE}": "2026.06.01",
        "{EVENT.TIME}": "19:30:00",
        "{EVENT.TAGSJSON}": '[{"tag":"scope","value":"capacity"}]',
        "{HOST.NAME}": "db-01",
        "{TRIGGER.ID}": "19",
        "{$TOCSIN.TOKEN}": "tk",
        "{$ZABBIX.URL}": "https://zabbix.example.com",
    }
    return {name: known.get(text, text) for name, text in given.items()} | changes


def run(given: dict[str, str], status: int = 202) -> dict[str, Any]:
    done = subprocess.run(
        [str(NODE), "-e", AROUND % SCRIPT],
        input=json.dumps([json.dumps(given), status]),
        env={**os.environ, "TZ": "Asia/Shanghai"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    sent: dict[str, Any] = json.loads(done.stdout)
    return sent


def test_what_the_script_sends_is_read() -> None:
    sent = run(parameters())
    assert sent["result"] == "OK"
    assert sent["url"] == "https://tocsin.example.com/hooks/zabbix/main"
    assert sent["headers"] == ["Content-Type: application/json", "Authorization: Bearer tk"]
    assert "tk" not in sent["body"]
    (event,) = zabbix.parse(sent["body"].encode(), "hook:main", NOW).events
    assert event.labels == {
        "alertname": '"/data" 已满',
        "host": "db-01",
        "severity": "Disaster",
        "trigger_id": "19",
        "scope": "capacity",
    }
    assert event.starts_at == datetime(2026, 6, 1, 11, 30, tzinfo=UTC)
    over = run(parameters(event_value="0", event_recovery_timestamp="1780314300"))
    (ended,) = zabbix.parse(over["body"].encode(), "hook:main", NOW).events
    assert (ended.status, ended.fingerprint) == ("resolved", event.fingerprint)
    assert ended.ends_at == datetime(2026, 6, 1, 11, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [({"url": ""}, 202, "url"), ({"token": ""}, 202, "token"), ({}, 401, "answered 401: why")],
)
def test_what_went_wrong_is_told_to_zabbix(changes: dict[str, str], status: int, told: str) -> None:
    sent = run(parameters(**changes), status)
    assert told in sent["thrown"]
    assert told in sent["log"]
    assert "tk" not in sent["thrown"].replace("token", "")


def test_a_proxy_is_used() -> None:
    assert run(parameters(http_proxy="http://proxy:3128"))["proxy"] == "http://proxy:3128"


def test_the_import_file_holds_the_script() -> None:
    assert exported()["script"] == SCRIPT
