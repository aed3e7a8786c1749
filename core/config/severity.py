"""How bad it is: a word, a field's value looked up in a map, or the first case that holds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, field_validator

from core.config.matching import MatcherEntry, as_matcher_entries
from core.config.section import RuleSection


class SeverityMap(RuleSection):
    """The value of `field` looked up in `map`, whatever its case; `default` for all others."""

    field: str = Field(min_length=1)
    map: dict[str, str] = Field(min_length=1)
    default: str = "warning"


class SeverityCase(RuleSection):
    """The severity `is` where `when` holds on labels and fields; without `when` always."""

    when: list[MatcherEntry] = Field([])
    is_: str = Field(alias="is", min_length=1)

    _map_or_list = field_validator("when", mode="before")(as_matcher_entries)


def _kind(value: Any) -> str:
    if isinstance(value, dict | SeverityMap):
        return "<map>"
    return "<list>" if isinstance(value, list) else "<word>"


Severity = Annotated[
    Annotated[str, Tag("<word>")]
    | Annotated[SeverityMap, Tag("<map>")]
    | Annotated[list[SeverityCase], Tag("<list>")],
    Discriminator(_kind),
]
