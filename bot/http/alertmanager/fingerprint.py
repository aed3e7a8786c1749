"""Fingerprints as Alertmanager computes them: FNV-1a, 64 bits, over the sorted labels.

Source: prometheus/common `model.LabelSet.Fingerprint`: name, 0xff, value, 0xff for each label.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_OFFSET, _PRIME, _MASK = 14695981039346656037, 1099511628211, (1 << 64) - 1
_LONG = 2048  # bytes; texts that are longer would make the table of all of them too wide

Hashes = NDArray[np.uint64]


def fingerprints(label_sets: Iterable[dict[str, str]]) -> Hashes:
    """The fingerprints of many label sets, in order. About 3 µs each, mostly for the sorting."""
    texts = [_text(labels) for labels in label_sets]
    result = np.full(len(texts), _OFFSET, np.uint64)
    short = [i for i, text in enumerate(texts) if len(text) <= _LONG]
    result[short] = _of_table([texts[i] for i in short])
    for i, text in enumerate(texts):
        if len(text) > _LONG:
            result[i] = _of_text(text)
    return result


def fingerprint(labels: dict[str, str]) -> str:
    """One fingerprint, as 16 hex digits."""
    return f"{_of_text(_text(labels)):016x}"


def _text(labels: dict[str, str]) -> bytes:
    # No UTF-8 text holds 0xff: it is put in as a surrogate, which becomes that byte alone.
    whole = "".join([f"{name}\udcff{labels[name]}\udcff" for name in sorted(labels)])
    return whole.encode("utf-8", "surrogateescape")


def _of_text(text: bytes) -> int:
    value = _OFFSET
    for byte in text:
        value = (value ^ byte) * _PRIME & _MASK
    return value


def _of_table(texts: list[bytes]) -> Hashes:
    """All texts at once, byte by byte; the longest stand first, so that those left are a slice."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    order = np.argsort(-lengths, kind="stable")
    width = int(lengths.max(initial=0))
    table = np.zeros((width, len(texts)), np.uint8)
    for column, i in enumerate(order):
        table[: lengths[i], column] = np.frombuffer(texts[i], np.uint8)
    left = np.searchsorted(-lengths[order], -np.arange(width), side="left")
    values = np.full(len(texts), _OFFSET, np.uint64)
    prime = np.uint64(_PRIME)
    for row, count in zip(table, left, strict=True):
        values[:count] = (values[:count] ^ row[:count]) * prime
    result = np.empty_like(values)
    result[order] = values
    return result
