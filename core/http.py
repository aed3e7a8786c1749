"""The one outgoing HTTP client: timeouts, no redirects, bounded answers, no secrets in errors.

Addresses in config.yaml are the operator's and may be private. Addresses that come from anywhere
else (the API, chat, payloads) go through `guarded=True`: only public addresses, checked on what
the name really resolved to, so that a name cannot point inside after the check.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from core.errors import DeliveryError

MAX_ANSWER = 256 * 1024
DEFAULT_TIMEOUT = timedelta(seconds=15)


class Answer(msgspec.Struct, frozen=True):
    """What the other side said. body is cut at MAX_ANSWER bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _PublicOnly(AbstractResolver):
    """Resolves as usual, but refuses every address that is not public."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not all(is_public(entry["host"]) for entry in found):
            raise OSError(f"{host} is not a public address")
        return found

    async def close(self) -> None:
        await self._inner.close()


def is_public(address: str) -> bool:
    """Whether an IP address is reachable from anywhere: not private, loopback, link-local, …"""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_global and not ip.is_multicast


class HttpClient:
    """Two sessions, one free and one guarded. Open in the event loop; `close()` when done."""

    def __init__(self) -> None:
        self._free: aiohttp.ClientSession | None = None
        self._guarded: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The free session, for protocols of their own (WebSocket) to operator's addresses."""
        if self._free is None:
            self._free = aiohttp.ClientSession(trust_env=True)
        return self._free

    async def post(
        self,
        url: str,
        *,
        data: bytes,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        timeout: timedelta = DEFAULT_TIMEOUT,
        guarded: bool = False,
    ) -> Answer:
        """POST `data` as it is. Any HTTP status is an answer.

        Raises DeliveryError when there is no answer: `unknown_outcome` when the request may have
        arrived (a timeout or a broken connection after sending began).
        """
        return await self.request(
            "POST", url, data=data, headers=headers, params=params, timeout=timeout, guarded=guarded
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        timeout: timedelta = DEFAULT_TIMEOUT,
        guarded: bool = False,
    ) -> Answer:
        """Like `post`, with any method."""
        session = self._guarded_session(url) if guarded else self.session
        host = urlsplit(url).hostname or "?"
        limit = aiohttp.ClientTimeout(total=timeout.total_seconds(), sock_connect=10)
        try:
            async with session.request(
                method,
                url,
                data=data,
                headers=headers,
                params=params,
                timeout=limit,
                allow_redirects=False,
            ) as answer:
                body = await answer.content.read(MAX_ANSWER)
                while len(body) < MAX_ANSWER and (more := await answer.content.read(MAX_ANSWER)):
                    body += more
                return Answer(answer.status, answer.headers, body[:MAX_ANSWER])
        except aiohttp.ConnectionTimeoutError as error:
            raise DeliveryError(f"{host} did not accept a connection", code="network") from error
        except TimeoutError as error:
            seconds = timeout.total_seconds()
            raise DeliveryError(
                f"{host} did not answer within {seconds:g} s", code="timeout", unknown_outcome=True
            ) from error
        except aiohttp.ClientConnectorError as error:
            why = error.os_error.strerror or str(error.os_error)
            raise DeliveryError(f"{host} cannot be reached: {why}", code="network") from error
        except aiohttp.InvalidURL as error:
            raise DeliveryError("the address is not a URL", code="url", retryable=False) from error
        except (aiohttp.ClientError, OSError) as error:
            raise DeliveryError(
                f"the connection to {host} broke ({type(error).__name__})",
                code="network",
                unknown_outcome=True,
            ) from error

    async def close(self) -> None:
        """Let go of all connections."""
        for session in (self._free, self._guarded):
            if session is not None:
                await session.close()

    def _guarded_session(self, url: str) -> aiohttp.ClientSession:
        parts = urlsplit(url)
        literal = _literal_address(parts.hostname or "")
        if parts.scheme not in {"http", "https"} or (literal and not is_public(literal)):
            raise DeliveryError(
                f"{parts.hostname or 'the address'} is not allowed: only public http(s) addresses",
                code="guard",
                retryable=False,
            )
        if self._guarded is None:
            connector = aiohttp.TCPConnector(resolver=_PublicOnly())
            self._guarded = aiohttp.ClientSession(connector=connector)
        return self._guarded


def _literal_address(host: str) -> str:
    """`host` when it is an IP address in any notation a resolver would take, else empty."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))  # 127.1, 0x7f000001, 2130706433
    except OSError:
        return ""
