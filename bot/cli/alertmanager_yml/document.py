"""A YAML file of a stranger, as plain values: bounded, and every scalar a text.

Anchors may be used again and again; what they unfold to is counted, so that a small file cannot
become a large value. Scalars stay as they are written: Alertmanager reads `09:00` and `1:5` as
texts, where YAML 1.1 sees numbers.
"""

from __future__ import annotations

from typing import Any

import yaml

from core.errors import ConfigError, Problem

MAX_BYTES = 4 * 1024 * 1024
MAX_VALUES = 200_000
MAX_DEPTH = 60
_NULL = frozenset({"", "~", "null", "Null", "NULL"})

Value = None | str | list[Any] | dict[str, Any]


def read_document(raw: bytes, name: str) -> Value:
    """The values of a file. ConfigError says where what is wrong."""
    if len(raw) > MAX_BYTES:
        raise ConfigError([Problem(name, f"is larger than {MAX_BYTES} bytes")])
    try:
        root = yaml.compose(raw.decode("utf-8-sig"), Loader=yaml.BaseLoader)
        return None if root is None else _Unfold().value(root, 0)
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(name, f"is not UTF-8: {error.reason}")]) from error
    except RecursionError:
        raise ConfigError([Problem(name, "is nested too deeply")]) from None
    except (yaml.YAMLError, ValueError) as error:
        text = " ".join(str(error).split())
        raise ConfigError([Problem(name, f"is not YAML that can be used: {text}")]) from error


class _Unfold:
    """Nodes to values; counts what it makes. yaml.MarkedYAMLError when it is too much."""

    def __init__(self) -> None:
        self._made = 0

    def value(self, node: yaml.Node, depth: int) -> Value:
        """The value of a node, with all that it refers to."""
        self._made += 1
        if self._made > MAX_VALUES:
            raise _at(node, "anchors unfold to too many values")
        if depth > MAX_DEPTH:
            raise _at(node, "nested too deeply, or an anchor that holds itself")
        if isinstance(node, yaml.ScalarNode):
            plain = node.style is None and node.value in _NULL
            return None if plain else str(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        return self._mapping(node, depth)

    def _mapping(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _at(key, "a key must be a text")
            value = self.value(item, depth + 1)
            if key.value == "<<" and key.style is None:
                for part in value if isinstance(value, list) else [value]:
                    if not isinstance(part, dict):
                        raise _at(item, "<< takes a mapping, or a list of mappings")
                    merged = {**part, **merged}
            elif key.value in own:
                raise _at(key, f"the key {key.value[:60]!r} stands twice")
            else:
                own[key.value] = value
        return {**merged, **own}


def _at(node: yaml.Node, text: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=text, problem_mark=node.start_mark)
