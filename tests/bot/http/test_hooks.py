"""Hooks of each kind through the door: what is sent becomes alerts, what is mended is replayed."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC
from typing import Any, get_args

from bot.http.adapters import adapter_of
from core.config.settings import Hook, HookSource
from tests.bot.http.house import House

AUTH = {"bearer": "t"}
BEARER = {"Authorization": "Bearer t"}
RUN = {
    "action": "completed",
    "workflow_run": {
        "name": "CI",
        "head_branch": "main",
        "conclusion": "failure",
        "workflow_id": 1,
    },
    "repository": {"full_name": "acme/billing"},
}


def hook(source: str, **settings: Any) -> dict[str, Any]:
    return {"name": "h", "source": source, "auth": AUTH, **settings}


async def alerts(house: House) -> list[dict[str, Any]]:
    await house.loop.settled()
    items: list[dict[str, Any]] = (await house.get("/api/v1/alerts"))["items"]
    return items


async def rejected(house: House) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await house.get("/api/v1/events/rejected"))["items"]
    return items


def test_every_source_of_the_settings_has_an_adapter() -> None:
    for source in get_args(HookSource):
        assert adapter_of(Hook.model_validate(hook(source)), UTC).parse is not None


async def test_a_signed_workflow_fires_and_resolves(opened: Any) -> None:
    secret = "s3cret"
    async with opened(hooks=[hook("github", auth={"platform": {"secret": secret}})]) as house:
        for conclusion, status in (("failure", "firing"), ("success", "resolved")):
            run = {**RUN["workflow_run"], "conclusion": conclusion}  # type: ignore[dict-item]
            body = json.dumps({**RUN, "workflow_run": run}).encode()
            signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {
                "Content-Type": "application/json",
                "X-GitHub-Event": "workflow_run",
                "X-Hub-Signature-256": f"sha256={signature}",
            }
            call = ("POST", "/hooks/github/h", "")
            assert await house.call(*call, data=body, headers=headers) == (202, {"accepted": 1})
            (alert,) = await alerts(house)
            assert alert["status"] == status
            assert (await house.call(*call, data=body + b" ", headers=headers))[0] == 401
        assert (alert["labels"]["alertname"], alert["source"]) == ("WorkflowFailed", "hook:h")


async def test_a_cloudevent_in_binary_mode_is_kept_with_its_headers(opened: Any) -> None:
    async with opened(hooks=[hook("cloudevents")]) as house:
        headers = {
            **BEARER,
            "ce-specversion": "1.0",
            "ce-id": "1",
            "ce-type": "backup.failed",
            "ce-password": "hunter2-hunter2",
            "ce-odd": "\xff",
            "Content-Type": "application/json",
            "Cookie": "a=b",
        }
        call = ("POST", "/hooks/cloudevents/h", "")
        status, problem = await house.call(*call, data=b'{"title": "x"}', headers=headers)
        assert (status, problem["errors"][0]["path"]) == (422, "source")
        assert (await house.call(*call, data=b"{", headers=headers))[0] == 400
        for one in await rejected(house):
            assert one["adapter"] == "cloudevents"
            assert set(one["headers"]) == {
                "content-type", "ce-specversion", "ce-id", "ce-type", "ce-password", "ce-odd",
            }  # fmt: skip
            assert "hunter2" not in json.dumps(one)
        headers["ce-source"] = "/ops"
        for kind, body in (("text/plain", b"full"), ("application/octet-stream", b"\0")):
            sent = {**headers, "Content-Type": kind}
            assert (await house.call(*call, data=body, headers=sent))[0] == 202
        (alert,) = await alerts(house)
        assert alert["count"] == 2


async def test_a_mapping_that_was_mended_takes_what_was_rejected(opened: Any) -> None:
    body = {"alerts": [{"check": {"name": "Disk"}, "host": "a"}, {"check": {}}]}
    wrong = {"items": "alerts", "labels": {"alertname": "chek.name"}}
    right = {"items": "alerts", "labels": {"alertname": "check.name", "host": "host"}}
    call = ("POST", "/hooks/generic/h", "")
    async with opened(hooks=[hook("generic", mapping=wrong)]) as house:
        status, problem = await house.call(*call, json=body, headers=BEARER)
        assert status == 422
        assert [e["path"] for e in problem["errors"]] == [
            "items[0].labels.alertname", "items[1].labels.alertname",
        ]  # fmt: skip
        assert (await house.call(*call, json={"alerts": 7}, headers=BEARER))[0] == 422
        kept = {r["payload"]: r["id"] for r in await rejected(house)}
        assert len(kept) == 3
        for number in kept.values():
            path = f"/api/v1/events/rejected/{number}/replay"
            assert (await house.call("POST", path))[0] == 422
        assert len(await rejected(house)) == 3
    async with opened(hooks=[hook("generic", mapping=right)]) as house:
        answers = {}
        for payload, number in kept.items():
            path = f"/api/v1/events/rejected/{number}/replay"
            answers[payload] = (await house.call("POST", path))[0]
        assert sorted(answers.values()) == [202, 422, 422]
        (alert,) = await alerts(house)
        assert alert["labels"]["host"] == "a"
        assert len(await rejected(house)) == 2
    async with opened(hooks=[hook("github")]) as house:
        # Another kind of hook under the same name cannot read it.
        path = f"/api/v1/events/rejected/{(await rejected(house))[0]['id']}/replay"
        assert (await house.call("POST", path))[0] == 409


async def test_large_bodies_leave_the_loop_free(opened: Any) -> None:
    body = {"alerts": [{"title": f"a{i}", "host": "h"} for i in range(2000)]}
    async with opened(hooks=[hook("generic")], limits={"max_body": "1MiB"}) as house:
        answer = await house.call("POST", "/hooks/generic/h", "", json=body, headers=BEARER)
        assert answer == (202, {"accepted": 2000})
