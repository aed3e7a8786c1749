"""What exists in the simulated DingTalk: users, groups, robots, apps, messages, cards."""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .fault import Fault, FaultKind, Faults
from .limit import SlidingLimit

Json = dict[str, Any]
"""A JSON object as it is on the wire."""

CORP_ID = "dingsimcorp0000000000"
BOT_TOPIC = "/v1.0/im/bot/messages/get"
CARD_TOPIC = "/v1.0/card/instances/callback"
ALL_SCOPES = frozenset({"qyapi_robot_sendmsg", "Card.Instance.Write", "Card.Streaming.Write"})


def encrypted_id(name: str) -> str:
    """An opaque id of the `$:LWCP_v1:$…` form, stable for `name`."""
    return "$:LWCP_v1:$" + hashlib.sha256(name.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class User:
    """A person. An external one is in the group but not in the organisation (no staff id told)."""

    staff_id: str
    nick: str
    mobile: str = ""
    external: bool = False
    admin: bool = False

    @property
    def dingtalk_id(self) -> str:
        return encrypted_id(f"user:{self.staff_id}:{self.nick}")


@dataclass(frozen=True, slots=True)
class Button:
    title: str
    url: str


@dataclass(slots=True)
class Message:
    """A message of a robot or an app as the platform stored it.

    `mentions` are the staff ids that were really pinged; `received_at` is simulated Unix
    seconds, `arrived_at` real ones; `robot` is the access_token or the robotCode; `via` is one
    of webhook, session, openapi, reply, card.
    """

    id: int
    msgtype: str
    title: str
    text: str
    via: str
    robot: str
    received_at: float
    mentions: tuple[str, ...] = ()
    at_all: bool = False
    at: Json = field(default_factory=dict)
    buttons: tuple[Button, ...] = ()
    msg_uuid: str = ""
    body: Json = field(default_factory=dict)
    group: "Group | None" = None
    app: "App | None" = None
    card: "Card | None" = None
    arrived_at: float = field(default_factory=time.time)


@dataclass(slots=True)
class Group:
    """A conversation: a group chat, or the 1:1 chat of one user with one app's robot.

    `messages` are those of robots; what people typed is in `said`.
    """

    title: str
    conversation_id: str
    members: list[User]
    one_to_one: bool = False
    internal: bool = True
    dissolved: bool = False
    messages: list[Message] = field(default_factory=list)
    said: list["Said"] = field(default_factory=list)

    def dissolve(self) -> None:
        """The owner dissolves the group; sends to it are refused from now on."""
        self.dissolved = True

    def member(self, staff_id: str) -> User | None:
        return next((user for user in self.members if user.staff_id == staff_id), None)


class RobotState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


@dataclass(slots=True)
class Robot:
    """A custom robot of one group and its security settings (all that are set must pass)."""

    token: str
    group: Group
    base_url: Callable[[], str]
    secret: str = ""
    keywords: tuple[str, ...] = ()
    ip_allow: tuple[str, ...] = ()
    state: RobotState = RobotState.ACTIVE
    limit: SlidingLimit = field(default_factory=SlidingLimit)
    uuids: set[str] = field(default_factory=set)
    faults: Faults = field(default_factory=Faults)
    calls: int = 0

    @property
    def webhook(self) -> str:
        """The address as the group's settings show it, without a signature."""
        return f"{self.base_url()}/robot/send?access_token={self.token}"

    def force(self, kind: str, **settings: Any) -> None:
        """Make the next calls fail: a `FaultKind` and the fields of `Fault`."""
        self.faults.add(Fault(FaultKind(kind), **settings))

    def disable(self) -> None:
        self.state = RobotState.DISABLED

    def remove(self) -> None:
        self.state = RobotState.REMOVED

    def enable(self) -> None:
        self.state = RobotState.ACTIVE


@dataclass(slots=True)
class App:
    """An enterprise app with a robot; in HTTP mode with `callback_url`, else in stream mode."""

    client_id: str
    client_secret: str
    robot_code: str
    app_id: str
    groups: list[Group] = field(default_factory=list)
    callback_url: str = ""
    stopped: bool = False
    scopes: set[str] = field(default_factory=lambda: set(ALL_SCOPES))
    flow_controlled: set[str] = field(default_factory=set)
    faults: Faults = field(default_factory=Faults)
    frame_twists: list["Twist"] = field(default_factory=list)
    token: str = ""
    token_expires_at: float = 0.0
    calls: dict[str, list[float]] = field(default_factory=dict)
    card_routes: dict[str, "CardRoute"] = field(default_factory=dict)

    @property
    def chatbot_user_id(self) -> str:
        return encrypted_id(f"robot:{self.robot_code}")

    def force(self, kind: str, **settings: Any) -> None:
        """Make the next OpenAPI calls fail; `path=` limits it to paths that end so."""
        self.faults.add(Fault(FaultKind(kind), **settings))


@dataclass(frozen=True, slots=True)
class CardRoute:
    """Where HTTP card callbacks of one callbackRouteKey go."""

    url: str
    secret: str


class TwistKind(StrEnum):
    DROP = "drop"
    DUPLICATE = "duplicate"
    DELAY = "delay"


@dataclass(frozen=True, slots=True)
class Twist:
    """What happens to the next stream frame; `seconds` of simulated time for a delay."""

    kind: TwistKind
    seconds: float = 0.0


@dataclass(slots=True)
class Delivery:
    """One thing told to one app: a bot message, an event, or a click on a card.

    `pushes` are the messageIds of its frames in stream mode; `answer` is what the app answered
    (the ACK's data, or the body of the HTTP response), `ack_code` or `http_status` with which
    code; `on_ack` hears of it. `lost` when nobody was connected at the first push; `headers` are
    those of HTTP mode.
    """

    app: App
    kind: str
    topic: str
    data: Json
    redelivered: bool = True
    pushes: list[str] = field(default_factory=list)
    acked: bool = False
    ack_code: int = 0
    answer: Json = field(default_factory=dict)
    lost: bool = False
    pushed_at: float = 0.0
    http_status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    on_ack: Callable[["Delivery"], None] | None = None

    @property
    def msg_id(self) -> str:
        return str(self.data.get("msgId", ""))


@dataclass(slots=True)
class Said:
    """What a person typed into a group, and how each app that hears it was told."""

    id: int
    user: User
    text: str
    at: float
    deliveries: list[Delivery] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Session:
    """What a sessionWebhook leads to."""

    group: Group
    app: App
    expires_at: float


@dataclass(frozen=True, slots=True)
class Template:
    """A card template; values of `markdown_keys` must be streamed whole."""

    id: str
    published: bool = True
    markdown_keys: frozenset[str] = frozenset()


@dataclass(slots=True)
class Card:
    """A card and its present values; `private` is keyed by staff id."""

    out_track_id: str
    app: App
    template: Template
    callback_type: str
    route_key: str
    values: dict[str, str]
    private: dict[str, dict[str, str]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    guids: set[str] = field(default_factory=set)
    stream_state: str = "processing"

    def shown_to(self, user: User) -> dict[str, str]:
        """The values `user` sees."""
        return self.values | self.private.get(user.staff_id, {})


def new_token() -> str:
    """A fresh access_token of a custom robot: 64 hexadecimal digits."""
    return secrets.token_hex(32)
