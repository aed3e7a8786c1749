"""What the tests of DingTalk share: a notification to send, and a clock the simulator moves."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.chat.channel import Outgoing
from bot.render.notification import Part
from core.clock import Clock
from core.config.channels import DingTalkApp, DingTalkRobot
from core.decide.telling import Payload
from core.model.alert import Alert
from core.model.incident import Incident
from core.model.notification import Notification
from core.store.queries import Story
from tests.sim.dingtalk import App, DingTalkSim, Robot

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def outgoing(key: str = "0190-key", *, alerts: int = 1) -> Outgoing:
    """A firing notification about INC-3, as the outbox hands it over."""
    incident = Incident(
        id="i3",
        number=3,
        key="0:",
        title="磁盘将满 db-01",
        severity="critical",
        labels={"alertname": "DiskFull"},
        started_at=NOW,
        updated_at=NOW,
    )
    told = [
        Alert(
            id=f"a{number}",
            number=number,
            fingerprint=f"f{number}",
            severity="critical",
            labels={"alertname": "DiskFull", "host": f"db-{number}"},
            first_seen=NOW,
            last_seen=NOW,
            starts_at=NOW,
            incident=3,
        )
        for number in range(1, alerts + 1)
    ]
    notification = Notification(
        id=key,
        number=9,
        channel="ops",
        incident=3,
        alerts=tuple(alert.id for alert in told),
        kind="firing",
        key=key,
        due_at=NOW,
        created_at=NOW,
    )
    return Outgoing(notification, Payload(incident, told), Story())


class Words:
    """A renderer that gives the parts it was told to give."""

    def __init__(self, *parts: tuple[str, str]) -> None:
        self.parts = [Part(title, text) for title, text in parts or [("磁盘将满", "#### 磁盘将满")]]

    def __call__(self, _outgoing: Outgoing) -> list[Part]:
        return list(self.parts)


def clock_of(sim: DingTalkSim) -> Clock:
    """The simulator's time, so that moving it moves both sides."""
    return lambda: datetime.fromtimestamp(sim.world.clock.now(), UTC)


def robot_settings(robot: Robot, **more: object) -> DingTalkRobot:
    """The settings of `robot` as config.yaml holds them."""
    given = {"name": "ops", "type": "dingtalk_robot", "webhook": robot.webhook}
    return DingTalkRobot.model_validate(
        {**given, "secret": robot.secret, "keywords": list(robot.keywords), **more}
    )


def app_settings(sim: DingTalkSim, app: App, **more: object) -> DingTalkApp:
    """The settings of `app` as config.yaml holds them."""
    given = {
        "name": "ops-app",
        "type": "dingtalk_app",
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "robot_code": app.robot_code,
        "conversation_id": app.groups[0].conversation_id if app.groups else "",
        "api_base": sim.url,
        "oapi_base": sim.url,
    }
    return DingTalkApp.model_validate({**given, **more})
