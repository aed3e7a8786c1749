"""Failures on demand: what a robot or an API does wrong with its next calls."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from aiohttp import web


class FaultKind(StrEnum):
    """What goes wrong with a call."""

    ERRCODE = "errcode"
    """oapi: HTTP 200 with `errcode` (default -1) and nothing stored."""
    ERROR = "error"
    """OpenAPI: `status` with `code` and `message`."""
    HTML = "html"
    """An HTML page with `status` (default 502), as a proxy in between gives."""
    PUNISH = "punish"
    """OpenAPI: the body of a banned IP, which is no error body at all."""
    HANG = "hang"
    """Never answers, nothing stored."""
    HANG_AFTER = "hang_after"
    """Stores, then never answers."""
    DROP = "drop"
    """Closes the connection, nothing stored."""
    DROP_AFTER = "drop_after"
    """Stores, then closes the connection without an answer."""
    DELAY = "delay"
    """Answers as usual after `seconds` of real time."""


@dataclass(slots=True)
class Fault:
    """One failure, for the next `times` calls (0 = until cleared) whose path ends in `path`."""

    kind: FaultKind
    times: int = 1
    errcode: int = -1
    errmsg: str = "系统繁忙"
    status: int = 502
    code: str = "system.error"
    message: str = "未知的系统错误"
    seconds: float = 1.0
    path: str = ""


@dataclass(slots=True)
class Faults:
    """The failures that wait for calls, first in, first used."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self.waiting.append(fault)

    def clear(self) -> None:
        self.waiting.clear()

    def take(self, path: str) -> Fault | None:
        """The failure for a call to `path`, used up once."""
        for fault in self.waiting:
            if not path.endswith(fault.path):
                continue
            if fault.times > 0:
                fault.times -= 1
                if fault.times == 0:
                    self.waiting.remove(fault)
            return fault
        return None


async def answer_with(
    fault: Fault | None,
    request: web.Request,
    closing: asyncio.Event,
    handle: Callable[[], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    """Answer `request` by `handle`, spoiled as `fault` says."""
    if fault is None:
        return await handle()
    match fault.kind:
        case FaultKind.ERRCODE:
            return web.json_response({"errcode": fault.errcode, "errmsg": fault.errmsg})
        case FaultKind.ERROR:
            return web.json_response(
                {"code": fault.code, "requestid": "forced", "message": fault.message},
                status=fault.status,
            )
        case FaultKind.HTML:
            page = f"<html><head><title>{fault.status}</title></head><body>Tengine</body></html>"
            return web.Response(text=page, status=fault.status, content_type="text/html")
        case FaultKind.PUNISH:
            return web.json_response(
                {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "0" * 20}
            )
        case FaultKind.DELAY:
            await asyncio.sleep(fault.seconds)
            return await handle()
        case FaultKind.HANG:
            await closing.wait()
        case FaultKind.HANG_AFTER:
            await handle()
            await closing.wait()
        case FaultKind.DROP_AFTER:
            await handle()
        case FaultKind.DROP:
            pass
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
