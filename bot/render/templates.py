"""The templates of notifications: files of markdown with holes, filled in a sandbox.

A template has a block for each piece of a message: `head`, `alert` (once an alert), `foot`, and
`more`, the head of a message that goes on from another. What stands in `{{ … }}` is escaped
unless the code made it as markdown, so no template can forget it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.render.escape import Markdown, escape
from bot.render.words import BREAK, str_of

_BLANK_LINES = re.compile(r"\n{3,}")


def _finalize(value: Any) -> str:
    return "" if value is None else escape(str_of(value))


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """The shipped templates. `br` breaks a line in a paragraph or list item."""
    made = ImmutableSandboxedEnvironment(
        loader=PackageLoader("bot.render", "templates"),
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        autoescape=False,  # that would be for HTML; `finalize` escapes for markdown
    )
    made.globals["br"] = BREAK
    return made


def fill(language: str, name: str, block: str, values: dict[str, Any]) -> Markdown:
    """One block of `templates/<language>/<name>.md.j2`, without blank lines around it."""
    template = environment().get_template(f"{language}/{name}.md.j2")
    context = template.new_context(values)
    text = "".join(template.blocks[block](context))
    return Markdown(_BLANK_LINES.sub("\n\n", text).strip("\n"))
