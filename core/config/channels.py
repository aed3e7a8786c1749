"""The channels of chat, one settings class a type."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ChannelBase(BaseModel):
    """What every channel has. language: overrides the house's for this channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[\w.-]{1,64}$")
    language: Literal["zh-CN", "en"] | None = None


class DingTalkRobot(ChannelBase):
    """A custom robot of one group. rate_per_minute 0 means no limit of our own."""

    type: Literal["dingtalk_robot"]
    webhook: str = Field(repr=False)
    secret: str = Field("", repr=False)
    keywords: list[str] = []
    pool: str = ""
    rate_per_minute: int = Field(18, ge=0, le=1000)


class DingTalkApp(ChannelBase):
    """An enterprise app's robot: sends by OpenAPI, hears by stream or HTTP callback."""

    type: Literal["dingtalk_app"]
    mode: Literal["stream", "http"] = "stream"
    client_id: str = ""
    client_secret: str = Field("", repr=False)
    robot_code: str = ""
    conversation_id: str = ""
    card_template_id: str = ""
    card_api_secret: str = Field("", repr=False)
    monthly_quota: int = Field(0, ge=0)
    api_base: str = "https://api.dingtalk.com"
    oapi_base: str = "https://oapi.dingtalk.com"


class Webhook(ChannelBase):
    """An outgoing webhook signed by Standard Webhooks. events: globs of event types."""

    type: Literal["webhook"]
    url: str = Field(repr=False)
    secret: str = Field(repr=False)
    events: list[str] = []

    @field_validator("secret")
    @classmethod
    def _signing_secret(cls, value: str) -> str:
        """Standard Webhooks: `whsec_` and base64."""
        try:
            key = base64.b64decode(value.removeprefix("whsec_"), validate=True)
        except binascii.Error as error:
            raise ValueError("must be whsec_ and base64, as `openssl rand -base64 32`") from error
        if value and not key:
            raise ValueError("is empty after whsec_")
        return value


class WecomRobot(ChannelBase):
    """A WeCom group robot."""

    type: Literal["wecom_robot"]
    webhook: str = Field(repr=False)


class FeishuBot(ChannelBase):
    """A Feishu custom bot."""

    type: Literal["feishu_bot"]
    webhook: str = Field(repr=False)
    secret: str = Field("", repr=False)


class Slack(ChannelBase):
    """Slack: an incoming webhook, and slash commands."""

    type: Literal["slack"]
    webhook: str = Field("", repr=False)
    signing_secret: str = Field("", repr=False)


class Mattermost(ChannelBase):
    """Mattermost: an incoming webhook, and slash commands."""

    type: Literal["mattermost"]
    webhook: str = Field("", repr=False)
    command_token: str = Field("", repr=False)


class Email(ChannelBase):
    """Mail through one SMTP server."""

    type: Literal["email"]
    smtp: str = Field(repr=False)
    from_: str = Field("", alias="from")
    to: list[str] = []


class Apprise(ChannelBase):
    """Anything that Apprise can reach."""

    type: Literal["apprise"]
    url: str = Field(repr=False)


class WebRoom(ChannelBase):
    """The built-in room in the browser."""

    type: Literal["web"]


Channel = Annotated[
    DingTalkRobot
    | DingTalkApp
    | Webhook
    | WecomRobot
    | FeishuBot
    | Slack
    | Mattermost
    | Email
    | Apprise
    | WebRoom,
    Field(discriminator="type"),
]
