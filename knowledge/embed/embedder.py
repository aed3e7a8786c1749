"""The protocol of embedders, and the one place that makes the configured one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core.config.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into vectors. Blocking: called in one thread at a time, never in the loop.

    name: tells its vectors from those of every other model; they are stored under it.
    batch: how many texts at once; a query waits for one batch at most.
    """

    name: str
    batch: int

    @property
    def dim(self) -> int:
        """Length of a vector; loads the model when it must."""
        ...

    def embed(self, texts: list[str]) -> Matrix:
        """One row a text: float32, shape (len(texts), dim), each of length 1.

        The first call loads the model. Raises TocsinError when it cannot.
        """
        ...

    def rest(self) -> None:
        """Called after a long work: let go of memory that is not needed for the next text."""
        ...


def make_embedder(settings: Settings, cache: Path | None = None) -> Embedder:
    """The embedder that `knowledge.embedder` names. ConfigError when it cannot be had.

    cache: a folder where it may keep what saves it memory.
    """
    kind, _colon, model = settings.knowledge.embedder.partition(":")
    if kind == "sentence-transformers":
        from knowledge.embed.sentence_transformers import SentenceTransformersEmbedder

        return SentenceTransformersEmbedder(model)
    if kind == "openai":
        from knowledge.embed.openai import OpenAiEmbedder

        return OpenAiEmbedder(model, settings.ai)
    from knowledge.embed.builtin import BuiltinEmbedder

    return BuiltinEmbedder(cache)
