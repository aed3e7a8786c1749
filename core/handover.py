"""Handing steps of people to the process that decides, and doing them there.

The request is a row, and its answer is written in the transaction that does the step: it is done
once, whoever dies in between. Who asked waits for the answer; when none comes in time the request
is withdrawn, so that "try again" is safe to say.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection

from core import errors
from core.clock import Clock, utc_now
from core.errors import InvalidInput, LeaseLost, NoDecider, Problem, StoreError, TocsinError
from core.ids import uuid7
from core.step import answering, do
from core.store import requests
from core.store.database import Database
from core.store.requests import Answer, Request

log = structlog.get_logger(__name__)
PATIENCE = 8.0  # seconds; a take-over takes up to five
LOOK = 0.5  # seconds between looks, for bells that were missed
_REFUSALS = ("InvalidInput", "PermissionDenied", "NotFound", "Conflict", "TocsinError")


class Withdrawn(StoreError):
    """Who asked has given up meanwhile; what was decided is undone."""


class Asker:
    """Asks the process that decides. `heard` is for the bell that rings for answers."""

    def __init__(self, db: Database, clock: Clock = utc_now) -> None:
        self._db = db
        self._clock = clock
        self._waiting: dict[str, asyncio.Event] = {}

    def heard(self, id_: str) -> None:
        """An answer was written; empty: perhaps one was."""
        for name in [id_] if id_ else list(self._waiting):
            if name in self._waiting:
                self._waiting[name].set()

    async def ask(self, step: str, given: dict[str, Any]) -> Any:
        """The result of a step, written down. Raises what the step raises, or NoDecider."""
        request = Request(uuid7(), step, given)
        bell = self._waiting[request.id] = asyncio.Event()
        try:
            await self._db.write(lambda c: requests.ask(c, request, self._clock()))
            answer = await self._answer(request.id, bell)
        finally:
            del self._waiting[request.id]
        if answer.error:
            raise _error(answer)
        return answer.result

    async def _answer(self, id_: str, bell: asyncio.Event) -> Answer:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while True:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK):
                            await bell.wait()
                    bell.clear()
                    found = await self._db.read(lambda c: requests.answered(c, id_))
                    if found is not None:
                        return found
        if not await self._db.write(lambda c: requests.withdraw(c, id_)):
            found = await self._db.read(lambda c: requests.answered(c, id_))
            if found is not None:
                return found
        raise NoDecider("no process that decides has answered; nothing was done, try again")


class Answerer:
    """Does what others ask, while this process decides."""

    def __init__(self, db: Database, on: object, check: Callable[[Connection], None]) -> None:
        """on: what has the steps. check: raises LeaseLost when this process decides no more."""
        self._db = db
        self._on = on
        self._check = check
        self._wake = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Look for requests now."""
        self._wake.set()

    def start(self) -> None:
        """Do what waits, and what comes."""
        self._running = asyncio.create_task(self._run(), name="answer")

    async def stop(self) -> None:
        """Do no more; what waits is for the next one that decides."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                for request in await self._db.read(requests.waiting):
                    await self._do(request)
            except StoreError as error:
                log.warning("requests_not_answered", error=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._wake.wait()

    async def _do(self, request: Request) -> None:
        def done(result: Any, connection: Connection) -> None:
            if not requests.answer(connection, request.id, Answer(msgspec.to_builtins(result))):
                raise Withdrawn(f"{request.step} is not wanted any more")

        token = answering.set(done)
        try:
            await do(self._on, request.step, request.given)
            return
        except Withdrawn as error:
            log.info("request_withdrawn", why=str(error))
            return
        except LeaseLost:
            raise
        except StoreError as error:
            log.warning("request_not_done", step=request.step, error=str(error))
            return  # it stays asked, and is tried again
        except TocsinError as error:
            refusal = _refusal(error)
        except Exception as error:
            log.exception("request_crashed", step=request.step)
            refusal = Answer(error="TocsinError", text=f"{type(error).__name__} in {request.step}")
        finally:
            answering.reset(token)

        def refuse(connection: Connection) -> None:
            requests.answer(connection, request.id, refusal)
            self._check(connection)

        await self._db.write(refuse)


def _refusal(error: TocsinError) -> Answer:
    name = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _REFUSALS)
    problems = error.problems if isinstance(error, InvalidInput) else []
    return Answer(error=name, text=str(error), problems=[(p.path, p.message) for p in problems])


def _error(answer: Answer) -> TocsinError:
    if answer.error == "InvalidInput":
        return InvalidInput(answer.text, [Problem(*each) for each in answer.problems])
    kind: type[TocsinError] = getattr(errors, answer.error)
    return kind(answer.text)
