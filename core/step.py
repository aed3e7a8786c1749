"""Steps of people, done by the process that decides, wherever they are asked for.

A method of the loop that is a `step` runs here when this process decides. Where several processes
serve one database and another decides, the same call asks that one, and has the same result and
the same errors. Its arguments and its result are typed, so that they can be written down.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, get_type_hints

import msgspec
from sqlalchemy import Connection

from core.errors import LeaseLost

P = ParamSpec("P")
R = TypeVar("R")
Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]
Write = Callable[[Any, Connection], None]


class Decides(Protocol):
    """What has steps. elsewhere: asks the process that decides; None where there is only one."""

    elsewhere: Ask | None

    @property
    def decides(self) -> bool:
        """Whether this process decides now."""
        ...


S = TypeVar("S", bound=Decides)
Method = Callable[Concatenate[S, P], Coroutine[Any, Any, R]]
# Set while a step is done for another process: writes the result in the step's own transaction.
answering: ContextVar[Write | None] = ContextVar("answering", default=None)


def step(method: Method[S, P, R]) -> Method[S, P, R]:
    """Mark a method as a step of people."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    async def run(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        ask = self.elsewhere
        if ask is None:
            return await method(self, *args, **kwargs)
        if self.decides:
            try:
                return await method(self, *args, **kwargs)
            except LeaseLost:
                if answering.get() is not None:
                    raise  # the next one that decides finds it asked for
        given = dict(signature.bind(self, *args, **kwargs).arguments)
        del given["self"]
        answer = await ask(method.__name__, msgspec.to_builtins(given))
        result: R = msgspec.convert(answer, get_type_hints(method)["return"])
        return result

    run.is_step = True  # type: ignore[attr-defined]
    return cast(Method[S, P, R], run)


async def do(on: object, name: str, given: dict[str, Any]) -> Any:
    """Do the step `name` on `on` with arguments that were written down; returns its result."""
    method = getattr(type(on), name, None)
    if not getattr(method, "is_step", False):
        raise LookupError(f"there is no step {name!r}")
    hints = get_type_hints(inspect.unwrap(method))  # type: ignore[arg-type]
    read = {key: msgspec.convert(value, hints[key]) for key, value in given.items()}
    return await method(on, **read)  # type: ignore[misc]
