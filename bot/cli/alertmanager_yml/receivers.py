"""Receivers: what Alertmanager tells becomes channels, where tocsin has such."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from bot.cli.alertmanager_yml.reader import Reader
from core.config.references import NEEDED

ROOM = "room"  # the web room: where those are told whose channels could not be translated
Channel = dict[str, Any]
# What shapes a message; tocsin renders its own.
_LOOK = ("title", "text", "html", "headers", "message", "send_resolved", "max_alerts")


class Receivers:
    """Channels and receivers as they are made. later: channels of types not served yet."""

    def __init__(self, reader: Reader, common: dict[str, Any]) -> None:
        self._reader = reader
        self._global = common
        self.receivers: list[dict[str, Any]] = []
        self.channels: list[Channel] = [{"name": ROOM, "type": "web"}]
        self.later: list[Channel] = []

    def add(self, given: dict[str, Any], path: str) -> None:
        """One receiver. With nothing that could be translated it tells the web room."""
        reader = self._reader
        name = reader.text(given.get("name"), f"{path}.name")
        if not name:
            reader.wrong(f"{path}.name", "is required")
        found: list[Channel] = []
        told = False
        for kind in given:
            if kind == "name":
                continue
            make = _KINDS.get(kind)
            for at, config in reader.tables(given[kind], f"{path}.{kind}"):
                told = True
                if make is None:
                    reader.lose(at, "tocsin has no such channel")
                    continue
                channel = make(self, config, at)
                if channel is not None:
                    found.append(self._named(channel, name, at))
        names = [c["name"] for c in found if c in self.channels]
        if told and not names:
            reader.lose(path, f"receiver {name!r} has no channel left and tells the web room")
        self.receivers.append({"name": name, "channels": names or ([ROOM] if told else [])})

    def _named(self, channel: Channel, receiver: str, path: str) -> Channel:
        """Give it a name of its own; where this version cannot tell it, keep it for later."""
        base = re.sub(r"[^\w.-]+", "-", receiver).strip("-")[:40] or "channel"
        taken = {c["name"] for c in (*self.channels, *self.later)}
        names = [base, *(f"{base}-{i}" for i in range(2, len(taken) + 3))]
        named = {"name": next(n for n in names if n not in taken), **channel}
        if channel["type"] in NEEDED:
            self.channels.append(named)
        else:
            self.later.append(named)
            text = f"is kept as a comment: this version cannot tell channels of {channel['type']}"
            self._reader.lose(path, text)
        return named

    def _common(self, name: str) -> str:
        return self._reader.text(self._global.get(name), f"global.{name}")

    def _address(self, config: dict[str, Any], path: str, name: str, common: str = "") -> str:
        """An address; the file that holds one is not read."""
        url = self._reader.text(config.get(name), f"{path}.{name}")
        url = url or (self._common(common) if common else "")
        if not url:
            self._reader.lose(f"{path}.{name}", "is not in this file; the channel is left out")
        return url

    # One method a kind of integration

    def webhook(self, config: dict[str, Any], path: str) -> Channel | None:
        """The robots of chats that are known by their address, or an outgoing webhook."""
        reader = self._reader
        reader.lose_others(config, path, ("url", *_LOOK))
        url = self._address(config, path, "url")
        if not url:
            return None
        for kind, host, start in _ROBOTS:
            if _leads_to(url, host, start):
                return {"type": kind, "webhook": url}
        if urlsplit(url).scheme not in {"http", "https"}:
            reader.wrong(f"{path}.url", "must start with http:// or https://")
            return None
        reader.lose(
            path,
            "the receiver gets Standard Webhooks, not Alertmanager's message; its secret is new",
        )
        secret = base64.b64encode(secrets.token_bytes(24)).decode()
        return {"type": "webhook", "url": url, "secret": f"whsec_{secret}"}

    def slack(self, config: dict[str, Any], path: str) -> Channel | None:
        """An incoming webhook; its channel is the one that the webhook was made for."""
        self._reader.lose_others(config, path, ("api_url", *_LOOK))
        url = self._address(config, path, "api_url", "slack_api_url")
        return {"type": "slack", "webhook": url} if url else None

    def email(self, config: dict[str, Any], path: str) -> Channel | None:
        """One SMTP server; what the mail does not say stands under `global`."""
        reader = self._reader
        known = ("to", "from", "smarthost", "auth_username", "auth_password", *_LOOK)
        reader.lose_others(config, path, known)

        def said(name: str) -> str:
            return reader.text(config.get(name), f"{path}.{name}") or self._common(f"smtp_{name}")

        server = said("smarthost")
        if not server:
            reader.lose(f"{path}.smarthost", "is not in this file; the channel is left out")
            return None
        user, password = said("auth_username"), said("auth_password")
        login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
        to = reader.text(config.get("to"), f"{path}.to")
        return {
            "type": "email",
            "smtp": f"smtp://{login}{server}",
            "from": said("from"),
            "to": [address.strip() for address in to.split(",") if address.strip()],
        }

    def wechat(self, config: dict[str, Any], path: str) -> Channel | None:
        """An application of WeCom is no group robot."""
        del config
        self._reader.lose(path, "is an application of WeCom; make a group robot (wecom_robot)")
        return None


_ROBOTS = (
    ("dingtalk_robot", "oapi.dingtalk.com", "/robot/send"),
    ("wecom_robot", "qyapi.weixin.qq.com", "/cgi-bin/webhook/send"),
    ("feishu_bot", "open.feishu.cn", "/open-apis/bot/"),
    ("slack", "hooks.slack.com", "/services/"),
)
_KINDS: dict[str, Callable[[Receivers, dict[str, Any], str], Channel | None]] = {
    "webhook_configs": Receivers.webhook,
    "slack_configs": Receivers.slack,
    "email_configs": Receivers.email,
    "wechat_configs": Receivers.wechat,
}
GLOBALS = ("smtp_smarthost", "smtp_from", "smtp_auth_username", "smtp_auth_password",
           "slack_api_url")  # fmt: skip


def _leads_to(url: str, host: str, start: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.hostname == host and parts.path.startswith(start)
