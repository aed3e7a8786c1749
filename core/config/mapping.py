"""How a hook of source `generic` finds an alert in its sender's own JSON, by JMESPath expressions.

The language: jmespath.org/specification.html.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import jmespath
import msgspec
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, field_validator

MAX_EXPRESSION = 1000  # characters
MAX_NAMES = 32
_FUNCTIONS: dict[str, Any] = Functions.FUNCTION_TABLE
# What evaluating may raise: the library's own errors, and what its functions let through for
# values at the edge (`ceil` of an infinite number, `sort_by` over objects).
FAILURES = (JMESPathError, ArithmeticError, TypeError, ValueError, AttributeError, RecursionError)

StatusWord = Literal["firing", "resolved", "ignore"]


class Expression(msgspec.Struct, frozen=True):
    """A compiled JMESPath expression."""

    text: str
    compiled: Any

    def find(self, value: Any) -> Any:
        """What it finds in `value`, None when nothing. Raises what FAILURES lists."""
        return self.compiled.search(value)


def parse_expression(value: Any) -> Expression:
    """Compile an expression. ValueError says what is wrong with it."""
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a JMESPath expression such as data.host")
    if len(value) > MAX_EXPRESSION:
        raise ValueError(f"is longer than {MAX_EXPRESSION} characters")
    try:
        compiled = jmespath.compile(value)
        _check_functions(compiled.parsed)
    except JMESPathError as error:
        why = str(error).split("\n", 1)[0].strip(" :")
        raise ValueError(f"is not a JMESPath expression: {why}") from error
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    return Expression(value, compiled)


def _check_functions(node: Any) -> None:
    """The parser takes any function's name and any number of arguments; data finds out late."""
    if node["type"] == "function_expression":
        known = _FUNCTIONS.get(node["value"])
        if known is None:
            raise ValueError(f"there is no function {node['value']}")
        wanted, given = known["signature"], len(node["children"])
        variadic = bool(wanted) and bool(wanted[-1].get("variadic"))
        if given < len(wanted) or (given > len(wanted) and not variadic):
            raise ValueError(f"{node['value']} takes {len(wanted)} arguments, not {given}")
    for child in node["children"]:
        if isinstance(child, dict):
            _check_functions(child)


Path = Annotated[Expression, PlainValidator(parse_expression)]
_Name = Annotated[str, Field(min_length=1, max_length=128)]
Paths = Annotated[dict[_Name, Path], Field(max_length=MAX_NAMES)]


class Mapping(BaseModel):
    """Each value is an expression over one entry. Without `items` the whole body is the entry.

    common: labels of every entry, over the whole body. statuses, severities: the sender's words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: Path | None = None
    common: Paths = {}
    labels: Annotated[Paths, Field(min_length=1)]
    annotations: Paths = {}
    severity: Path | None = None
    severities: dict[str, Literal["critical", "warning", "info"]] = {}
    status: Path | None = None
    statuses: dict[str, StatusWord] = {}
    starts_at: Path | None = None
    ends_at: Path | None = None
    dedup_key: Path | None = None
    links: Paths = {}

    @field_validator("severities", "statuses", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        """YAML makes numbers and truth values of some words; the sender's word is a text."""
        if not isinstance(value, dict):
            return value
        return {word_of(key): meant for key, meant in value.items()}


def word_of(value: Any) -> str:
    """A status or severity as it is looked up: a text in lower case without outer spaces."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip().lower()
