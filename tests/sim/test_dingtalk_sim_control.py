"""The control plane, the page, the cards, and the program that people start by hand."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.sim.dingtalk import App, Button, DingTalkSim, Group, User, wait_for
from tests.sim.dingtalk.people import written_by

ANN = User("0147", "Ann")


@pytest.fixture
async def sim() -> AsyncIterator[DingTalkSim]:
    async with DingTalkSim() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def post(http: aiohttp.ClientSession, url: str, **body: Any) -> dict[str, Any]:
    async with http.post(url, json=body) as answer:
        told: dict[str, Any] = await answer.json()
        return told | {"status": answer.status}


async def test_a_world_is_built_and_watched_from_another_process(
    sim: DingTalkSim, http: aiohttp.ClientSession
) -> None:
    control = f"{sim.url}/_sim"
    await post(http, f"{control}/user", staff_id="0147", nick="Ann")
    group = await post(http, f"{control}/group", title="ops", members=["0147"])
    conversation = group["conversation_id"]
    robot = await post(http, f"{control}/robot", group=conversation)
    app = await post(http, f"{control}/app", group=conversation)
    text = "[ack](dtmd://dingtalkclient/sendMessage?content=%2Fack%20INC-1)"
    message = {"msgtype": "markdown", "markdown": {"title": "t", "text": text}}
    assert (await post(http, robot["webhook"], **message))["errcode"] == 0
    async with http.get(f"{control}/state") as answer:
        state = await answer.json()
    (line,) = state["groups"][0]["lines"]
    told = await post(http, f"{control}/click", message=line["id"], user="0147", button=0)
    assert told["wrote"] == "/ack INC-1"
    said = await post(http, f"{control}/say", group=conversation, user="0147", text="/help")
    assert said["told"] == [False]  # nobody is connected
    await post(http, f"{control}/fault", robot=robot["token"], kind="errcode", errcode=430101)
    assert (await post(http, robot["webhook"], **message))["errcode"] == 430101
    await post(http, f"{control}/state_of", robot=robot["token"], state="disabled")
    assert (await post(http, robot["webhook"], **message))["errcode"] == 400102
    moved = await post(http, f"{control}/clock", advance=100)
    assert moved["now"] == pytest.approx(sim.world.clock.now(), abs=1)
    assert (await post(http, f"{control}/rules", rate_limit=5))["rate_limit"] == 5
    await post(http, f"{control}/reset")
    assert sim.world.groups[conversation].messages == []
    assert app["client_id"] in sim.world.apps


@pytest.mark.parametrize(
    ("step", "body", "status"),
    [
        ("say", {"group": "nobody's", "user": "0", "text": "x"}, 404),
        ("rules", {"nothing": 1}, 400),
        ("fault", {"robot": "0", "kind": "errcode"}, 404),
        ("user", {"wrong": 1}, 400),
        ("close", {"app": "0"}, 404),
    ],
)
async def test_a_wrong_order_is_refused(
    sim: DingTalkSim,
    http: aiohttp.ClientSession,
    step: str,
    body: dict[str, Any],
    status: int,
) -> None:
    assert (await post(http, f"{sim.url}/_sim/{step}", **body))["status"] == status


async def test_the_program_serves_a_page_with_a_group(http: aiohttp.ClientSession) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.sim.dingtalk",
        "--port",
        "0",
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert program.stdout is not None
        first = (await asyncio.wait_for(program.stdout.readline(), 20)).decode()
        url = first.split()[2]
        async with http.get(url) as answer:
            assert "<title>DingTalk simulator</title>" in await answer.text()
        async with http.get(f"{url}_sim/state") as answer:
            assert (await answer.json())["groups"][0]["title"] == "ops-alerts"
    finally:
        program.terminate()
        await program.wait()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("dtmd://dingtalkclient/sendMessage?content=%2Fack%2042", "/ack 42"),
        ("dtmd://dingtalkclient/sendMessage?content=a+b", "a+b"),
        ("dtmd://dingtalkclient/sendMessage?content=", None),
        ("https://ops.example.com/sendMessage?content=x", None),
    ],
)
def test_a_dtmd_link_writes_for_who_clicks(url: str, text: str | None) -> None:
    assert written_by(Button("ack", url)) == text


async def call(
    sim: DingTalkSim, http: aiohttp.ClientSession, app: App, method: str, path: str, **body: Any
) -> dict[str, Any]:
    credentials = {"appKey": app.client_id, "appSecret": app.client_secret}
    token = (await post(http, f"{sim.url}/v1.0/oauth2/accessToken", **credentials))["accessToken"]
    headers = {"x-acs-dingtalk-access-token": token}
    async with http.request(method, sim.url + path, json=body, headers=headers) as answer:
        told: dict[str, Any] = await answer.json()
        return told


def new_card(group: Group, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "cardTemplateId": "00000000-1111-4222-8333-444444444444.schema",
        "outTrackId": "inc-1",
        "callbackType": "STREAM",
        "cardData": {"cardParamMap": {"status": "firing", "count": "1"}},
        "openSpaceId": f"dtv1.card//im_group.{group.conversation_id}",
        "imGroupOpenDeliverModel": {"robotCode": "x"},
    }
    return given | changes


async def test_a_card_is_shown_updated_and_clicked(
    sim: DingTalkSim, http: aiohttp.ClientSession
) -> None:
    group = sim.world.add_group("ops", [ANN])
    app = sim.world.add_app(group=group)
    sim.world.add_template()
    path = "/v1.0/card/instances"
    made = await call(sim, http, app, "POST", f"{path}/createAndDeliver", **new_card(group))
    assert made["result"]["deliverResults"][0]["success"]
    card = sim.world.cards["inc-1"]
    assert group.messages[0].card is card
    by_key = {"updateCardDataByKey": True}
    values = {"cardData": {"cardParamMap": {"status": "acked"}}}
    await call(sim, http, app, "PUT", path, outTrackId="inc-1", cardUpdateOptions=by_key, **values)
    assert card.values == {"status": "acked", "count": "1"}
    await call(sim, http, app, "PUT", path, outTrackId="inc-1", **values)
    assert card.values == {"status": "acked"}  # without the option everything else is gone
    told = await http.post(
        f"{sim.url}/v1.0/gateway/connections/open",
        json={
            "clientId": app.client_id,
            "clientSecret": app.client_secret,
            "subscriptions": [{"type": "CALLBACK", "topic": "/v1.0/card/instances/callback"}],
        },
        headers={"Accept": "application/json"},
    )
    address = await told.json()
    async with http.ws_connect(address["endpoint"], params={"ticket": address["ticket"]}) as socket:
        click = await sim.click(card, ANN, {"action": "ack"})
        frame = await socket.receive_json(timeout=2)
        response = {"cardData": {"cardParamMap": {"status": "by Ann"}}}
        await socket.send_json(
            {
                "code": 200,
                "headers": {"messageId": frame["headers"]["messageId"]},
                "message": "OK",
                "data": f'{{"response": {json.dumps(response)}}}',
            }
        )
        await wait_for(lambda: click.acked)
    assert card.values == {"status": "by Ann"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"cardTemplateId": "unknown"}, "param.templateNotExist"),
        ({"outTrackId": ""}, "param.outTrackIdEmpty"),
        ({"openSpaceId": "cid"}, "param.openSpaceIdInvalid"),
        ({"imGroupOpenDeliverModel": None}, "param.openDeliverModelEmpty"),
        ({"cardData": {"cardParamMap": {"count": 1}}}, "param.invalid"),
        ({"cardData": {"cardParamMap": {"text": "满" * 342}}}, "param.invalid"),
    ],
)
async def test_a_card_with_a_mistake_is_refused(
    sim: DingTalkSim, http: aiohttp.ClientSession, changes: dict[str, Any], code: str
) -> None:
    group = sim.world.add_group("ops", [ANN])
    app = sim.world.add_app(group=group)
    sim.world.add_template()
    body = new_card(group, **changes)
    path = "/v1.0/card/instances/createAndDeliver"
    assert (await call(sim, http, app, "POST", path, **body))["code"] == code
