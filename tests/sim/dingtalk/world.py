"""The state of the simulated DingTalk, and what can be put into it."""

import asyncio
import ipaddress
import json
import random
import uuid
from collections.abc import Iterable

from aiohttp import web

from .clock import SimClock
from .model import (
    App,
    Card,
    Group,
    Json,
    Message,
    Robot,
    Session,
    Template,
    User,
    new_token,
)
from .rules import Rules


class World:
    """Everything the simulator knows. Handlers change it, tests read it."""

    def __init__(self, rules: Rules, seed: int = 0) -> None:
        self.rules = rules
        self.clock = SimClock()
        self.random = random.Random(seed)
        self.groups: dict[str, Group] = {}
        self.users: dict[str, User] = {}
        self.robots: dict[str, Robot] = {}
        self.apps: dict[str, App] = {}
        self.sessions: dict[str, Session] = {}
        self.templates: dict[str, Template] = {}
        self.cards: dict[str, Card] = {}
        self.violations: list[str] = []
        """What clients did against the stream protocol; a good client leaves it empty."""
        self.metered = 0
        """Webhook and stream messages, in and out, that the monthly quota counts."""
        self.closing = asyncio.Event()
        self._messages = 0
        self._address: tuple[str, int] | None = None

    def listen(self, host: str, port: int) -> None:
        """From now on it is reached at this address, which webhooks and endpoints tell."""
        self._address = host, port

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, standing for api.dingtalk.com and oapi.dingtalk.com alike."""
        return f"http://{self.netloc}"

    @property
    def netloc(self) -> str:
        if self._address is None:
            raise RuntimeError("the simulator is not listening yet")
        host, port = self._address
        return f"{host}:{port}"

    def add_user(self, user: User) -> User:
        """Make `user` known in the organisation."""
        self.users[user.staff_id] = user
        return user

    def add_group(
        self,
        title: str,
        members: Iterable[User] = (),
        *,
        conversation_id: str = "",
        internal: bool = True,
    ) -> Group:
        """Found a group chat. OpenAPI sends work only in an `internal` one."""
        conversation_id = conversation_id or f"cid{uuid.uuid4().hex}=="
        group = Group(title, conversation_id, list(members), internal=internal)
        for user in group.members:
            self.add_user(user)
        self.groups[conversation_id] = group
        return group

    def add_robot(
        self,
        group: Group,
        *,
        secret: str = "",
        keywords: Iterable[str] = (),
        ip_allow: Iterable[str] = (),
        token: str | None = None,
    ) -> Robot:
        """Put a custom robot into `group`; `ip_allow` are IPv4 addresses or CIDR blocks."""
        allowed = tuple(str(ipaddress.IPv4Network(block, strict=False)) for block in ip_allow)
        robot = Robot(
            token=token or new_token(),
            group=group,
            base_url=lambda: self.url,
            secret=secret,
            keywords=tuple(keywords),
            ip_allow=allowed,
        )
        self.robots[robot.token] = robot
        return robot

    def add_app(
        self,
        *,
        client_id: str = "",
        client_secret: str = "",
        robot_code: str = "",
        group: Group | None = None,
        callback_url: str = "",
    ) -> App:
        """Create an app whose robot is in `group`; without `callback_url` it uses stream mode."""
        client_id = client_id or f"ding{uuid.uuid4().hex[:16]}"
        app = App(
            client_id=client_id,
            client_secret=client_secret or uuid.uuid4().hex,
            robot_code=robot_code or client_id,
            app_id=str(uuid.uuid4()),
            groups=[group] if group else [],
            callback_url=callback_url,
        )
        self.apps[client_id] = app
        return app

    def add_template(
        self,
        template_id: str = "00000000-1111-4222-8333-444444444444.schema",
        *,
        published: bool = True,
        markdown_keys: Iterable[str] = (),
    ) -> Template:
        """Make a card template known."""
        template = Template(template_id, published, frozenset(markdown_keys))
        self.templates[template_id] = template
        return template

    def direct(self, app: App, user: User) -> Group:
        """The 1:1 chat of `user` with the robot of `app`."""
        conversation_id = f"cid1to1/{app.client_id}/{user.staff_id}="
        if conversation_id not in self.groups:
            self.add_user(user)
            self.groups[conversation_id] = Group(
                user.nick, conversation_id, [user], one_to_one=True
            )
            app.groups.append(self.groups[conversation_id])
        return self.groups[conversation_id]

    def app_of_robot(self, robot_code: str) -> App | None:
        return next((app for app in self.apps.values() if app.robot_code == robot_code), None)

    def new_session(self, app: App, group: Group) -> tuple[str, int]:
        """A sessionWebhook for `group` and the Unix milliseconds at which it dies."""
        key = uuid.uuid4().hex
        expires_at = self.clock.now() + self.rules.session_seconds
        self.sessions[key] = Session(group, app, expires_at)
        return f"{self.url}/robot/sendBySession?session={key}", int(expires_at * 1000)

    def expire_sessions(self) -> None:
        """Every sessionWebhook given out so far is dead."""
        self.sessions.clear()

    def expire_token(self, app: App) -> None:
        """The OpenAPI access token of `app` is no longer valid."""
        app.token = ""

    def store(self, group: Group, message: Message) -> Message:
        """Show `message` in `group`."""
        message.group = group
        group.messages.append(message)
        return message

    def next_id(self) -> int:
        """A number that orders everything said and sent."""
        self._messages += 1
        return self._messages

    def find_message(self, message_id: int) -> Message | None:
        return next(
            (m for group in self.groups.values() for m in group.messages if m.id == message_id),
            None,
        )

    def reset(self) -> None:
        """Forget messages, limits, faults, cards, sessions and the clock's offset."""
        self.clock.reset()
        self.sessions.clear()
        self.cards.clear()
        self.violations.clear()
        self.metered = 0
        for group in self.groups.values():
            group.messages.clear()
            group.said.clear()
            group.dissolved = False
        for robot in self.robots.values():
            robot.enable()
            robot.limit.clear()
            robot.uuids.clear()
            robot.faults.clear()
        for app in self.apps.values():
            app.stopped = False
            app.token = ""
            app.faults.clear()
            app.frame_twists.clear()
            app.calls.clear()


WORLD: web.AppKey[World] = web.AppKey("world", World)


def as_object(text: str | bytes) -> Json | None:
    """The JSON object in `text`, or None when it is anything else."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
