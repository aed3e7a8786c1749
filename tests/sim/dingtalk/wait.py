"""Waiting for something to become true, with a limit."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_LOOK_EVERY = 0.005


async def wait_for(condition: Callable[[], T], timeout: float = 5.0) -> T:
    """Return the first true value of `condition()`; TimeoutError after `timeout` real seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    while not (value := condition()):
        if loop.time() > deadline:
            raise TimeoutError(f"still {value!r} after {timeout} s")
        await asyncio.sleep(_LOOK_EVERY)
    return value
