"""The built-in embedder, loaded once: it takes most of a second."""

from __future__ import annotations

import pytest

from knowledge.embed.builtin import BuiltinEmbedder


@pytest.fixture(scope="session")
def builtin() -> BuiltinEmbedder:
    """The real model, warm."""
    embedder = BuiltinEmbedder()
    embedder.embed(["warm"])
    return embedder
