"""Every key of the settings is documented, and stands in the demo configuration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from core.config import Settings, load_settings

ROOT = Path(__file__).parents[3]


def keys(model: type[BaseModel], prefix: str = "", seen: tuple[Any, ...] = ()) -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        inner = list(models_in(field.annotation))
        if not inner:
            yield path
        for kind, is_list in inner:
            if kind not in seen:
                yield from keys(kind, path + ("[]." if is_list else "."), (*seen, kind))


def models_in(annotation: Any, is_list: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, is_list
    for argument in get_args(annotation):
        yield from models_in(argument, is_list or get_origin(annotation) is list)


KEYS = sorted(set(keys(Settings)))


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_documented(key: str) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert f"`{key}`" in text


@pytest.mark.parametrize("key", KEYS)
def test_a_key_stands_in_the_demo_configuration(key: str) -> None:
    text = (ROOT / "config.yaml").read_text("utf-8")
    leaf = key.rsplit(".", 1)[-1].removesuffix("[]")
    assert f"{leaf}:" in text


def test_the_demo_configuration_needs_no_environment() -> None:
    settings = load_settings(ROOT / "config.yaml", {})
    assert settings.server.host == "127.0.0.1"
    assert settings.demo.log
