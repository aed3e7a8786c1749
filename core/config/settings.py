"""Every setting, typed, with its default. docs/configuration.md has a line for each.

Names are fixed by outsiders' files; units stand in the value (`10s`, `4MiB`).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from socket import gethostname
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.config.channels import Channel
from core.config.escalation import EscalationPolicy
from core.config.mapping import Mapping
from core.config.matching import compile_pattern
from core.config.oncall import Schedule
from core.config.rules import Rule
from core.config.time_intervals import TimeIntervalSettings
from core.config.units import Duration, Size
from core.errors import InvalidInput
from core.model.audit import Role
from core.model.event import Severity
from core.model.matcher import Matcher, parse_matchers


class Section(BaseModel):
    """Base of all settings: unknown keys are mistakes, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Server(Section):
    """Where tocsin listens, and the address that links in messages point to.

    node: this machine's name among several on PostgreSQL; empty is its host name.
    """

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    base_url: str = ""
    node: str = Field("", pattern=r"^[A-Za-z0-9_.-]{0,64}$")


class Database(Section):
    """Empty url: SQLite files under data_dir; else postgresql://user:password@host/db."""

    url: str = Field("", repr=False)

    @field_validator("url")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        if value and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("must be empty (SQLite) or start with postgresql://")
        return value


class Auth(Section):
    """The first token; and whether the Alertmanager API asks for one on loopback."""

    admin_token: str = Field("", repr=False)
    alertmanager_api: Literal["token", "open"] = "token"


class Person(Section):
    """Someone who may act. Chat senders are found here by their platform's stable id."""

    name: str = Field(min_length=1)
    role: Role = "viewer"
    dingtalk_user_id: str = ""
    mobile: str = ""
    email: str = ""
    slack_user_id: str = ""
    tokens: list[str] = Field([], repr=False)


class Basic(Section):
    """HTTP basic credentials of a hook."""

    user: str
    password: str = Field(repr=False)


class Platform(Section):
    """The sender's own signature: the secret shared with it.

    AWS shares none: its signature only tells that some topic sent it, `topics` says which may.
    """

    secret: str = Field("", repr=False)
    topics: list[str] = []


class HookAuth(Section):
    """Exactly one way to authenticate a hook."""

    bearer: str | None = Field(None, repr=False)
    basic: Basic | None = None
    query_token: str | None = Field(None, repr=False)
    platform: Platform | None = None
    none: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> HookAuth:
        given = [k for k in type(self).model_fields if getattr(self, k) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of bearer, basic, query_token, platform, none")
        return self


HookSource = Literal[
    "alertmanager", "grafana", "zabbix", "aliyun", "tencent", "aws", "sentry", "gitlab", "github",
    "uptime-kuma", "cloudevents", "generic",
]  # fmt: skip


class Hook(Section):
    """POST /hooks/{source}/{name}."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    source: HookSource
    auth: HookAuth
    allow_insecure: bool = False
    mapping: Mapping | None = None

    @model_validator(mode="after")
    def _mapping_is_for_generic(self) -> Hook:
        if self.mapping is not None and self.source != "generic":
            raise ValueError(f"mapping is for the source generic; {self.source} has its own form")
        return self


class Multiline(Section):
    """How lines become one event: `start` is an RE2 pattern that an event's first line fits.

    The last event of a file counts as whole after `quiet` without growth.
    """

    start: str = Field(min_length=1, max_length=1000)
    max_lines: int = Field(500, ge=2, le=10_000)
    quiet: Duration = Field("1s", validate_default=True)

    @field_validator("start")
    @classmethod
    def _tells_lines_apart(cls, value: str) -> str:
        pattern = value.removeprefix("re:")
        if compile_pattern(pattern).search("") is not None:
            raise ValueError(f"{value!r} fits every line, so no line would belong to another")
        return pattern


class LogSource(Section):
    """Log files to follow. `start_at` holds for files seen for the first time."""

    name: str = Field(min_length=1)
    paths: list[str] = Field(min_length=1)
    labels: dict[str, str] = {}
    start_at: Literal["end", "beginning"] = "end"
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    multiline: Multiline | None = None


class FileSource(Section):
    """A watched directory whose finished files are uploaded."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    watch_dir: list[str] = Field(min_length=1)
    watch_exclude: list[str] = []
    file_ext: list[str] = []
    ignore: list[str] = []
    silence: Duration = Field("10s", validate_default=True)
    upload_workers: int = Field(4, ge=1, le=64)
    upload_queue_size: int = Field(1000, ge=1)
    upload_retry_enabled: bool = True
    upload_retry_delays: list[Duration] = Field(["1s", "2s", "5s"], validate_default=True)
    target: str = ""

    @field_validator("watch_dir", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class Target(Section):
    """Where files go: Aliyun OSS, anything that speaks S3, or a local directory."""

    name: str = Field(min_length=1)
    type: Literal["oss", "s3", "local"]
    bucket: str = ""
    ak: str = Field("", repr=False)
    sk: str = Field("", repr=False)
    endpoint: str = ""
    region: str = ""
    force_path_style: bool = False
    disable_ssl: bool = False
    prefix: str = ""
    path: str = ""

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Target:
        needed = {"oss": ("bucket", "endpoint"), "s3": ("bucket", "endpoint"), "local": ("path",)}
        missing = [k for k in needed[self.type] if not getattr(self, k)]
        if missing:
            raise ValueError(f"a target of type {self.type} needs {', '.join(missing)}")
        return self


def _matchers(value: Any) -> Any:
    if not isinstance(value, list) or not all(isinstance(v, str | Matcher) for v in value):
        raise ValueError('must be a list of matchers such as severity="critical"')
    try:
        return [m for v in value for m in ([v] if isinstance(v, Matcher) else parse_matchers([v]))]
    except InvalidInput as error:
        raise ValueError(str(error)) from error


class RouteSettings(Section):
    """A node of the route tree; what is left out is inherited from its parent."""

    matchers: list[Any] = []
    receiver: str | None = None
    group_by: list[str] | None = None
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_interval: Duration | None = None
    escalation: str | None = None
    severity: Severity | None = None
    mute_time_intervals: list[str] = []
    active_time_intervals: list[str] = []
    continue_: bool = Field(False, alias="continue")
    routes: list[RouteSettings] = []

    _read = field_validator("matchers", mode="before")(_matchers)


class ThrottleSettings(Section):
    """At most `max` notifications within `per`; critical alerts pass, or are held as well."""

    max: int = Field(ge=1, le=10_000)
    per: Duration = Field("1m", validate_default=True)
    critical: Literal["pass", "hold"] = "pass"


class Receiver(Section):
    """A name for a set of channels. send_resolved: whether they are told what is over."""

    name: str = Field(min_length=1)
    channels: list[str] = []
    send_resolved: bool = True
    throttle: ThrottleSettings | None = None


class InhibitRule(Section):
    """A firing `source` alert mutes `target` alerts that carry equal labels."""

    source: list[Any]
    target: list[Any]
    equal: list[str] = []

    _read = field_validator("source", "target", mode="before")(_matchers)


class FingerprintRule(Section):
    """What tells alerts of a source (a glob) apart: these labels only, or all but some."""

    source: str = "*"
    matchers: list[Any] = []
    fields: list[str] = []
    without: list[str] = []

    _read = field_validator("matchers", mode="before")(_matchers)

    @model_validator(mode="after")
    def _exactly_one(self) -> FingerprintRule:
        if bool(self.fields) is bool(self.without):
            raise ValueError("give either fields or without")
        return self


class SeverityRule(Section):
    """Alerts that match are as severe as `set`, whatever their source says."""

    matchers: list[Any] = Field(min_length=1)
    set: Severity

    _read = field_validator("matchers", mode="before")(_matchers)


class FlappingSettings(Section):
    """An alert that changed so often within so long is told once, and is over when it is calm."""

    enabled: bool = True
    changes: int = Field(6, ge=3, le=100)
    within: Duration = Field("15m", validate_default=True)
    calm: Duration = Field("10m", validate_default=True)


class Silences(Section):
    """remind: so long before its end a silence is announced to end, once; 0 for never."""

    remind: Duration = Field("15m", validate_default=True)


class DampingRule(Section):
    """Alerts that match fire after `fire` of their last `of` signals, and end after `clears`."""

    matchers: list[Any] = []
    fire: int = Field(1, ge=1, le=100)
    of: int = Field(1, ge=1, le=100)
    clears: int = Field(1, ge=1, le=100)

    _read = field_validator("matchers", mode="before")(_matchers)

    @model_validator(mode="after")
    def _possible(self) -> DampingRule:
        if self.fire > self.of:
            raise ValueError(f"fire {self.fire} of {self.of} can never be")
        return self


class MaintenanceWindow(Section):
    """Planned work: meanwhile incidents are recorded, and nobody is told of what matches."""

    name: str = Field(min_length=1)
    matchers: list[Any] = []
    time_intervals: list[str] = Field(min_length=1)
    comment: str = ""

    _read = field_validator("matchers", mode="before")(_matchers)


class Heartbeat(Section):
    """A source that must speak; its silence raises an alert.

    matchers: only alerts with such labels count as a word, and tell nobody themselves.
    """

    name: str = Field(pattern=r"^[\w.-]{1,64}$")
    source: str
    every: Duration
    severity: Severity = "warning"
    matchers: list[Any] = []

    _read = field_validator("matchers", mode="before")(_matchers)

    @field_validator("every")
    @classmethod
    def _at_least_a_second(cls, value: timedelta) -> timedelta:
        if value < timedelta(seconds=1):
            raise ValueError("must be 1s or more")
        return value


class Threshold(Section):
    """Two ratios between 0 and 1."""

    warning: float = Field(ge=0, le=1)
    critical: float = Field(ge=0, le=1)


class AgeThreshold(Section):
    """Two ages."""

    warning: Duration
    critical: Duration


class SelfRules(Section):
    """When tocsin raises alerts about itself."""

    upload_failure_ratio: Threshold = Threshold(warning=0.05, critical=0.15)
    upload_queue: Threshold = Threshold(warning=0.8, critical=0.95)
    ai_degraded: Threshold = Threshold(warning=0.2, critical=0.4)
    outbox_age: AgeThreshold = Field(
        AgeThreshold.model_validate({"warning": "2m", "critical": "10m"})
    )


class Retention(Section):
    """How long alerts are kept after their end, with their decisions and notifications."""

    alerts: Duration = Field("400d", validate_default=True)

    @field_validator("alerts")
    @classmethod
    def _a_month(cls, value: timedelta) -> timedelta:
        if value < timedelta(days=31):
            raise ValueError("must be 31d or longer: /why answers for last month's alerts")
        return value


class Tasks(Section):
    """What runs durable tasks. in_serve: `tocsin serve` runs them too, besides the workers."""

    engine: Literal["embedded", "procrastinate"] = "embedded"
    in_serve: bool = True


class Metrics(Section):
    """/metrics asks for this bearer token when it is set."""

    token: str = Field("", repr=False)


class Chat(Section):
    """What chat senders who are not in `people` may do."""

    unknown_senders: Literal["refuse", "read"] = "refuse"


class Ai(Section):
    """The OpenAI-compatible model, when there is one."""

    enabled: bool = False
    base_url: str = ""
    api_key: str = Field("", repr=False)
    model: str = ""
    timeout: Duration = Field("20s", validate_default=True)
    wait: Duration = Field("3s", validate_default=True)
    max_concurrency: int = Field(2, ge=1, le=64)
    daily_token_budget: int = Field(0, ge=0)


class Knowledge(Section):
    """What is remembered, and when it is worth showing."""

    embedder: str = Field("builtin", pattern=r"^(builtin|sentence-transformers:.+|openai:.+)$")
    imports: list[str] = Field([], alias="import")
    min_score: float = Field(0.2, ge=0, le=1)
    starter: bool = True


class Demo(Section):
    """The bundled demo shop: the log it writes, and where it leaves reports. Empty: no demo."""

    log: str = ""
    files: str = ""


class Limits(Section):
    """Bounds on what callers may send. rate_per_client: requests a second, 0 for none."""

    max_body: Size = Field("4MiB", validate_default=True)
    rate_per_client: float = Field(0, ge=0)


class Settings(Section):
    """The whole of config.yaml."""

    server: Server = Server()
    data_dir: str = "./data"
    database: Database = Database()
    timezone: str = "Asia/Shanghai"
    language: Literal["zh-CN", "en"] = "zh-CN"
    auth: Auth = Auth()
    people: list[Person] = []
    hooks: list[Hook] = []
    logs: list[LogSource] = []
    rules: list[Rule] = []
    files: list[FileSource] = []
    targets: list[Target] = []
    channels: list[Channel] = []
    resolve_timeout: Duration = Field("5m", validate_default=True)
    route: RouteSettings = RouteSettings()
    receivers: list[Receiver] = []
    fingerprint: list[FingerprintRule] = []
    severity: list[SeverityRule] = []
    flapping: FlappingSettings = FlappingSettings()
    damping: list[DampingRule] = []
    silences: Silences = Silences()
    inhibit: list[InhibitRule] = []
    time_intervals: list[TimeIntervalSettings] = []
    maintenance: list[MaintenanceWindow] = []
    escalation: list[EscalationPolicy] = []
    schedules: list[Schedule] = []
    heartbeats: list[Heartbeat] = []
    self_: SelfRules = Field(SelfRules(), alias="self")
    tasks: Tasks = Tasks()
    retention: Retention = Retention()
    metrics: Metrics = Metrics()
    chat: Chat = Chat()
    ai: Ai = Ai()
    knowledge: Knowledge = Knowledge()
    limits: Limits = Limits()
    demo: Demo = Demo()

    @property
    def base_url(self) -> str:
        """The address that links point to, without a trailing slash."""
        given = self.server.base_url.rstrip("/")
        return given or f"http://{self.server.host}:{self.server.port}"

    @property
    def node(self) -> str:
        """What this machine is called where there are several."""
        return self.server.node or gethostname()

    @property
    def data_path(self) -> Path:
        """Where tocsin keeps what it keeps."""
        return Path(self.data_dir)

    @property
    def tz(self) -> ZoneInfo:
        """The zone people see times in."""
        return ZoneInfo(self.timezone)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"{value!r} is not a time zone; use a name like Asia/Shanghai"
            ) from error
        return value

    @field_validator("server")
    @classmethod
    def _base_url_is_http(cls, value: Server) -> Server:
        if value.base_url and urlsplit(value.base_url).scheme not in {"http", "https"}:
            raise ValueError("base_url must start with http:// or https://")
        return value
