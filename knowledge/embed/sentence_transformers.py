"""Any model of the sentence-transformers library, by name or by path.

The library and torch come with the extra `transformers`; a model by name is downloaded by the
library itself at the first use, one by path is not.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from core.errors import ConfigError, Problem, TocsinError

if TYPE_CHECKING:
    from knowledge.embed.embedder import Matrix

_KEY = "knowledge.embedder"


class SentenceTransformersEmbedder:
    """ConfigError when the extra is not installed."""

    batch = 8

    def __init__(self, model: str) -> None:
        if importlib.util.find_spec("sentence_transformers") is None:
            missing = (
                f"sentence-transformers:{model} needs the extra: pip install 'tocsin[transformers]'"
            )
            raise ConfigError([Problem(_KEY, missing)])
        self.name = f"sentence-transformers:{model}"
        self._source = model
        self._model: Any = None
        self._dim = 0

    @property
    def dim(self) -> int:
        """Length of a vector; loads the model when it must."""
        if not self._dim:
            self.embed(["dimension"])
        return self._dim

    def embed(self, texts: list[str]) -> Matrix:
        """See Embedder."""
        try:
            if self._model is None:
                from sentence_transformers import SentenceTransformer

                self._model = SentenceTransformer(self._source, device="cpu")
            vectors: Matrix = self._model.encode(
                texts, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
            ).astype("float32", copy=False)
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            raise TocsinError(
                f"{_KEY}: the model {self._source!r} does not work: {error}"
            ) from error
        if texts:
            self._dim = vectors.shape[1]
        return vectors

    def rest(self) -> None:
        """See Embedder; nothing is held."""
