"""The prompts: Markdown files beside this one, each with a version that results carry."""

from __future__ import annotations

import secrets
from functools import cache
from importlib import resources
from string import Template
from typing import Literal

import msgspec
import yaml

from knowledge.llm import Message

_LANGUAGES = {"zh-CN": "Simplified Chinese (简体中文)", "en": "English"}


class Prompt(msgspec.Struct, frozen=True):
    """One prompt. version: `analysis@1`. text: a template of `fence` and `language`."""

    version: str
    text: str

    def messages(self, data: str, language: str) -> list[Message]:
        """The prompt and `data`, fenced by a line that nobody could have written into it."""
        fence = f"=====DATA-{secrets.token_hex(12)}====="
        told = Template(self.text).substitute(fence=fence, language=_LANGUAGES[language])
        return [Message("system", told), Message("user", f"{fence}\n{data}\n{fence}")]


@cache
def prompt(name: Literal["analysis", "ask"]) -> Prompt:
    """The prompt of that name."""
    text = resources.files(__package__).joinpath("prompts", f"{name}.md").read_text("utf-8")
    _, head, body = text.split("---\n", 2)
    return Prompt(f"{name}@{yaml.safe_load(head)['version']}", body.strip())
