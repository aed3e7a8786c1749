"""The base of settings that report every problem at once, those between keys too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError
from pydantic import model_validator as validator
from pydantic_core import InitErrorDetails, PydanticCustomError

Loc = tuple[str | int, ...]


class RuleSection(BaseModel):
    """Base of rule settings: unknown keys are mistakes, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def contradictions(cls, given: dict[str, Any]) -> Iterator[tuple[Loc, str]]:
        """What does not go together in the values as they were given: (where, what)."""
        yield from ()

    @validator(mode="wrap")
    @classmethod
    def _every_problem(cls, value: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        # Pydantic alone would not look at what is between keys while a key has a problem.
        made, found = None, []
        try:
            made = handler(value)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                kind = PydanticCustomError(item["type"], _plain(item["msg"]))
                found.append(InitErrorDetails(type=kind, loc=item["loc"], input=item["input"]))
        if isinstance(value, dict):
            for loc, message in cls.contradictions(value):
                kind = PydanticCustomError("contradiction", _plain(message))
                found.append(InitErrorDetails(type=kind, loc=loc, input=None))
        if found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return made


def _plain(message: str) -> Any:
    return message.removeprefix("Value error, ")
