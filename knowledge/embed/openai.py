"""An embedding model behind the OpenAI-compatible service of `ai.base_url`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from core.config.settings import Ai
from core.errors import TocsinError
from knowledge.llm.errors import ModelError, classify

if TYPE_CHECKING:
    from knowledge.embed.embedder import Matrix

TEXT_LIMIT = 4000  # characters a text, within the input limit of common models


class _Item(msgspec.Struct):
    index: int
    embedding: list[float]


class _Reply(msgspec.Struct):
    data: list[_Item]


class OpenAiEmbedder:
    """Texts leave the machine: they were redacted when they were stored."""

    batch = 64  # some services take no more in one request

    def __init__(self, model: str, ai: Ai) -> None:
        self.name = f"openai:{model}"
        self._model = model
        self._ai = ai
        self._client: Any = None
        self._dim = 0

    @property
    def dim(self) -> int:
        """Length of a vector; asks the service for one when it has not said."""
        if not self._dim:
            self.embed(["dimension"])
        return self._dim

    def embed(self, texts: list[str]) -> Matrix:
        """See Embedder. Raises ModelError with its class when the service does not answer."""
        import numpy as np

        rows = [
            row
            for at in range(0, len(texts), self.batch)
            for row in self._request(
                [text[:TEXT_LIMIT] or " " for text in texts[at : at + self.batch]]
            )
        ]
        vectors = np.asarray(rows, dtype=np.float32).reshape(len(texts), -1)
        if texts:
            self._dim = vectors.shape[1]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors

    def rest(self) -> None:
        """See Embedder; nothing is held."""

    def _request(self, texts: list[str]) -> list[list[float]]:
        try:
            raw = self._opened().embeddings.with_raw_response.create(
                model=self._model, input=texts, encoding_format="float"
            )
            items = msgspec.json.decode(raw.content, type=_Reply).data
        except TocsinError:
            raise
        except Exception as error:
            raise classify(error) from error
        rows = [item.embedding for item in sorted(items, key=lambda item: item.index)]
        if len(rows) != len(texts) or len({len(row) for row in rows}) != 1:
            raise ModelError("schema_error", "not one vector of one length for each text")
        return rows

    def _opened(self) -> Any:
        if self._client is None:
            import openai

            self._client = openai.OpenAI(
                base_url=self._ai.base_url or None,
                api_key=self._ai.api_key or "none",  # servers on one's own machine want none
                timeout=self._ai.timeout.total_seconds(),
                max_retries=0,
            )
        return self._client
