"""Everything in the world as plain JSON, for the page and for tests in other processes."""

from .gateway import Gateway
from .model import App, Card, Delivery, Group, Json, Message, Said
from .world import World

LAST = 200
"""Messages shown of each group."""


def snapshot(world: World, gateway: Gateway) -> Json:
    """Groups with their lines in order, people, robots, apps and what clients did wrong."""
    return {
        "now": world.clock.now(),
        "offset": world.clock.offset,
        "metered": world.metered,
        "violations": world.violations,
        "users": [
            {
                "staff_id": user.staff_id,
                "nick": user.nick,
                "mobile": user.mobile,
                "external": user.external,
            }
            for user in world.users.values()
        ],
        "robots": [
            {
                "token": robot.token,
                "webhook": robot.webhook,
                "secret": robot.secret,
                "keywords": robot.keywords,
                "group": robot.group.conversation_id,
                "state": robot.state,
                "calls": robot.calls,
            }
            for robot in world.robots.values()
        ],
        "apps": [_app(gateway, app) for app in world.apps.values()],
        "groups": [_group(group) for group in world.groups.values()],
    }


def _app(gateway: Gateway, app: App) -> Json:
    return {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "robot_code": app.robot_code,
        "mode": "http" if app.callback_url else "stream",
        "connections": len(gateway.connections(app)),
    }


def _group(group: Group) -> Json:
    lines = [_message(m) for m in group.messages] + [_said(s) for s in group.said]
    return {
        "conversation_id": group.conversation_id,
        "title": group.title,
        "one_to_one": group.one_to_one,
        "dissolved": group.dissolved,
        "members": [user.staff_id for user in group.members],
        "lines": sorted(lines, key=lambda line: line["id"])[-LAST:],
    }


def _message(message: Message) -> Json:
    return {
        "id": message.id,
        "at": message.received_at,
        "from": "robot",
        "via": message.via,
        "msgtype": message.msgtype,
        "title": message.title,
        "text": message.text,
        "mentions": message.mentions,
        "at_all": message.at_all,
        "msg_uuid": message.msg_uuid,
        "buttons": [{"title": button.title, "url": button.url} for button in message.buttons],
        "card": _card(message.card) if message.card else None,
    }


def _card(card: Card) -> Json:
    return {
        "out_track_id": card.out_track_id,
        "values": card.values,
        "private": card.private,
        "stream_state": card.stream_state,
    }


def _said(said: Said) -> Json:
    return {
        "id": said.id,
        "at": said.at,
        "from": "user",
        "user": said.user.staff_id,
        "nick": said.user.nick,
        "text": said.text,
        "told": [_delivery(delivery) for delivery in said.deliveries],
    }


def _delivery(delivery: Delivery) -> Json:
    return {
        "client_id": delivery.app.client_id,
        "msg_id": delivery.msg_id,
        "lost": delivery.lost,
        "acked": delivery.acked,
        "pushes": len(delivery.pushes),
        "http_status": delivery.http_status,
    }
