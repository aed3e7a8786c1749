"""The errors of the house, one tree.

TocsinError
├── ConfigError        settings are wrong; carries every problem at once
├── InvalidInput       what the caller sent cannot be used (400 / 422)
├── PermissionDenied   the caller may not do this (403)
├── NotFound           there is no such object (404)
├── Conflict           the object's status does not allow this step (409)
├── StoreError         the database refused or is out of reach (503, retryable)
│   ├── LeaseLost      another process has the right to write this now; nothing was stored
│   └── NoDecider      no process that decides has answered; nothing was done
└── DeliveryError      an outside system did not take what was sent; `retryable` says whether
                       the same thing may be sent again

Every error says what failed, on which object, and what the reader can do.
"""

from __future__ import annotations

from dataclasses import dataclass


class TocsinError(Exception):
    """Base of all errors that tocsin raises on purpose.

    `retryable` tells callers whether the same call may succeed later.
    """

    retryable = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong value: where it stands (`rules[0].match`), and what is wrong with it."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class ConfigError(TocsinError):
    """Settings that cannot be used; `problems` lists all of them, not the first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class InvalidInput(TocsinError):
    """Something a caller sent is malformed; `problems` names each bad field."""

    def __init__(self, detail: str, problems: list[Problem] | None = None) -> None:
        super().__init__(detail)
        self.problems = problems or []


class PermissionDenied(TocsinError):
    """The caller is known but may not do this."""


class NotFound(TocsinError):
    """No object with that id."""


class Conflict(TocsinError):
    """The object exists but its present status does not allow this step."""


class StoreError(TocsinError):
    """The database could not commit (disk full, locked, connection lost). Nothing was stored."""

    retryable = True


class LeaseLost(StoreError):
    """This process had the right to write this, and has it no more. Nothing was stored."""


class NoDecider(StoreError):
    """Of several processes none that decides has answered in time. What was asked is withdrawn:
    it was not done, and will not be."""


class DeliveryError(TocsinError):
    """An outside system did not take what was sent to it.

    `code` and `text` are the other side's own words; `retry_after` is in seconds.
    `unknown_outcome` is true when it may have been taken after all (a timeout after sending).
    """

    def __init__(
        self,
        text: str,
        *,
        code: str = "",
        retryable: bool = True,
        retry_after: float | None = None,
        unknown_outcome: bool = False,
    ) -> None:
        super().__init__(f"{code}: {text}" if code else text)
        self.text = text
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after
        self.unknown_outcome = unknown_outcome
