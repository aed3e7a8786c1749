"""HTTP mode: the platform posts to the app's address, signed, and shows what comes back."""

import json
from dataclasses import dataclass

import aiohttp

from .content import parse
from .model import CardRoute, Delivery, Group
from .refusal import Refusal
from .robot import store
from .sign import sign, sign_card_callback
from .world import World, as_object

ANSWER_WITHIN = 10.0
"""Seconds the simulator waits; the platform promises none."""


@dataclass(frozen=True, slots=True)
class Forgery:
    """What is wrong with a callback that does not come from the platform.

    secret: signs with this instead of the app's. age: seconds the timestamp lies in the past.
    headers: these instead of fresh ones, as in a replay; {} sends none.
    """

    secret: str | None = None
    age: float = 0.0
    headers: dict[str, str] | None = None


async def post_message(
    world: World,
    http: aiohttp.ClientSession,
    delivery: Delivery,
    group: Group,
    forgery: Forgery | None = None,
) -> None:
    """Post a bot message to its app's callback URL and put the answer's message into `group`."""
    app, forgery = delivery.app, forgery or Forgery()
    timestamp = str(world.clock.now_ms() - int(forgery.age * 1000))
    signature = sign(app.client_secret if forgery.secret is None else forgery.secret, timestamp)
    fresh = {"timestamp": timestamp, "sign": signature}
    delivery.headers = fresh if forgery.headers is None else forgery.headers
    await _post(world, http, app.callback_url, delivery)
    if delivery.acked and delivery.answer.get("msgtype", "empty") != "empty":
        try:
            content = parse(delivery.answer, world.rules.max_mentions)
        except Refusal as refusal:
            world.violations.append(f"the answer is no message: {refusal}")
        else:
            store(world, group, content, "reply", app.robot_code, app)


async def post_click(
    world: World, http: aiohttp.ClientSession, delivery: Delivery, route: CardRoute
) -> None:
    """Post a click on a card to the registered route; its signature has headers of its own."""
    timestamp = str(world.clock.now_ms())
    delivery.headers = {
        "x-ddpaas-signature-timestamp": timestamp,
        "x-ddpaas-signature": sign_card_callback(route.secret, timestamp),
    }
    await _post(world, http, route.url, delivery)
    delivery.ack_code = delivery.http_status
    if delivery.acked and delivery.on_ack is not None:
        delivery.on_ack(delivery)


async def _post(world: World, http: aiohttp.ClientSession, url: str, delivery: Delivery) -> None:
    delivery.pushed_at = world.clock.now()
    try:
        async with http.post(
            url,
            data=json.dumps(delivery.data, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8", **delivery.headers},
            timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN),
        ) as response:
            delivery.http_status = response.status
            delivery.answer = as_object(await response.read()) or {}
    except (aiohttp.ClientError, TimeoutError, OSError):
        delivery.lost = True
    delivery.acked = delivery.http_status == 200
