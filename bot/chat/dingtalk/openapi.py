"""Calls to api.dingtalk.com in the name of one app: the access token, and errors by their code.

https://open.dingtalk.com/document/orgapp/obtain-the-access_token-of-an-internal-app
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import orjson

from bot.chat.dingtalk.answer import read_openapi
from bot.chat.dingtalk.body import JSON_HEADERS
from core.clock import Clock, seconds, utc_now
from core.config.channels import DingTalkApp
from core.errors import DeliveryError
from core.http import HttpClient

_TIMEOUT = timedelta(seconds=10)
_RENEW_BEFORE = 300.0
_BAD_TOKEN = {"InvalidAuthentication", "401"}


class OpenApi:
    """One app's access to the OpenAPI. The token is kept until five minutes before its end."""

    def __init__(self, settings: DingTalkApp, http: HttpClient, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._base = settings.api_base.rstrip("/")
        self._http = http
        self._clock = clock
        self._token = ""
        self._token_until = clock()
        self._renewing = asyncio.Lock()

    async def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST `body` to `path` with the token; one that is no longer valid is renewed once.

        Raises DeliveryError; Refused when the platform said why.
        """
        token = await self._valid_token()
        try:
            return await self._post(path, body, token)
        except DeliveryError as error:
            if error.code not in _BAD_TOKEN:
                raise
        return await self._post(path, body, await self._valid_token(instead_of=token))

    async def open_stream(self, topics: list[tuple[str, str]]) -> tuple[str, str]:
        """(endpoint, ticket) of a new stream connection that hears `topics`: (type, topic).

        It takes the app's own credentials and no token. Raises DeliveryError.
        """
        answer = await self._post(
            "/v1.0/gateway/connections/open",
            {
                "clientId": self._settings.client_id,
                "clientSecret": self._settings.client_secret,
                "ua": "tocsin",
                "subscriptions": [{"type": kind, "topic": topic} for kind, topic in topics],
            },
        )
        endpoint, ticket = answer.get("endpoint"), answer.get("ticket")
        if not isinstance(endpoint, str) or not isinstance(ticket, str):
            raise DeliveryError("the gateway's answer holds no endpoint and ticket", code="gateway")
        return endpoint, ticket

    async def _valid_token(self, instead_of: str = "") -> str:
        """The token, a new one when it is used up or still the one that was refused."""
        async with self._renewing:
            if self._token in ("", instead_of) or self._clock() >= self._token_until:
                answer = await self._post(
                    "/v1.0/oauth2/accessToken",
                    {
                        "appKey": self._settings.client_id,
                        "appSecret": self._settings.client_secret,
                    },
                )
                token, lives = answer.get("accessToken"), answer.get("expireIn")
                if not isinstance(token, str) or not isinstance(lives, int | float):
                    raise DeliveryError("the answer holds no access token", code="accessToken")
                self._token = token
                self._token_until = self._clock() + seconds(max(0.0, lives - _RENEW_BEFORE))
            return self._token

    async def _post(self, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        headers = {**JSON_HEADERS, **({"x-acs-dingtalk-access-token": token} if token else {})}
        answer = await self._http.post(
            f"{self._base}{path}", data=orjson.dumps(body), headers=headers, timeout=_TIMEOUT
        )
        return read_openapi(answer)
