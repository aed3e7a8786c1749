"""Embedders: the built-in one, one behind an HTTP service, and what is said when one is missing."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from core.config.settings import Ai, Settings
from core.errors import TocsinError
from knowledge.embed.builtin import BuiltinEmbedder
from knowledge.embed.embedder import Embedder, make_embedder
from knowledge.embed.encoder import Encoder
from knowledge.embed.openai import OpenAiEmbedder
from knowledge.llm import ModelError

HAS_TRANSFORMERS = importlib.util.find_spec("sentence_transformers") is not None


def lengths(vectors: Any) -> Any:
    return np.linalg.norm(vectors, axis=1)


def test_the_built_in_embedder_knows_meaning_in_two_languages(builtin: BuiltinEmbedder) -> None:
    vectors = builtin.embed(["the disk is full", "磁盘满了", "证书过期"])
    assert vectors.shape == (3, builtin.dim)
    assert vectors.dtype == np.float32
    assert lengths(vectors) == pytest.approx(1, abs=1e-4)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    assert builtin.embed([]).shape == (0, builtin.dim)


def test_its_table_can_live_in_a_file(builtin: BuiltinEmbedder, tmp_path: Path) -> None:
    texts = ["the disk is full", "磁盘满了", ""]
    cache = tmp_path / "cache"
    expected = builtin.embed(texts)
    for damage in (None, b"x" * 65_541_120):
        if damage is not None:
            next(cache.iterdir()).write_bytes(damage)
        mapped = BuiltinEmbedder(cache)
        assert (mapped.embed(texts) == expected).all()
        mapped.rest()
        assert (mapped.embed(texts) == expected).all()
    assert [file.name for file in cache.iterdir()] == ["use-multilingual-v3.table"]


def test_it_works_where_no_file_can_be_written(builtin: BuiltinEmbedder, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    embedder = BuiltinEmbedder(tmp_path / "file")
    assert (embedder.embed(["磁盘满"]) == builtin.embed(["磁盘满"])).all()


class Service:
    """An OpenAI-compatible embedding service: a text's vector is made from its hash."""

    def __init__(self) -> None:
        self.status = 200
        self.sizes: list[int] = []
        self.keys: list[str] = []
        self.url = ""

    async def embeddings(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.sizes.append(len(body["input"]))
        self.keys.append(request.headers["Authorization"])
        assert body["model"] == "small"
        if self.status != 200:
            return web.json_response({"error": {"message": "no", "code": "x"}}, status=self.status)
        data = [
            {"object": "embedding", "index": at, "embedding": self.vector(text)}
            for at, text in enumerate(body["input"])
        ]
        data.reverse()  # the index says which is which
        return web.Response(
            text=json.dumps({"object": "list", "model": "small", "data": data}),
            content_type="application/json",
        )

    @staticmethod
    def vector(text: str) -> list[float]:
        return [float(byte) for byte in hashlib.sha256(text.encode()).digest()[:8]]


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    app = web.Application()
    app.router.add_post("/v1/embeddings", made.embeddings)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield made
    await runner.cleanup()


def openai_settings(url: str) -> Settings:
    return Settings.model_validate(
        {
            "knowledge": {"embedder": "openai:small"},
            "ai": {"base_url": url, "api_key": "sk-test", "timeout": "5s"},
        }
    )


async def test_an_openai_compatible_service(service: Service) -> None:
    embedder = make_embedder(openai_settings(service.url))
    assert embedder.name == "openai:small"
    texts = [f"text {n}" for n in range(70)]
    vectors = await asyncio.to_thread(embedder.embed, texts)
    assert (vectors.shape, embedder.dim) == ((70, 8), 8)
    assert lengths(vectors) == pytest.approx(1, abs=1e-5)
    expected = np.array(Service.vector("text 69"))
    assert vectors[69] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)
    assert service.sizes == [64, 6]
    assert set(service.keys) == {"Bearer sk-test"}


@pytest.mark.parametrize(
    ("status", "error_class"),
    [(401, "auth"), (404, "not_found"), (429, "rate_limit"), (500, "upstream_5xx")],
)
async def test_a_service_that_refuses(service: Service, status: int, error_class: str) -> None:
    service.status = status
    embedder = OpenAiEmbedder("small", Ai(base_url=service.url, api_key="sk-test"))
    with pytest.raises(ModelError) as caught:
        await asyncio.to_thread(embedder.embed, ["x"])
    assert caught.value.error_class == error_class


async def test_an_encoder_answers_none_while_its_embedder_fails(service: Service) -> None:
    service.status = 500
    encoder = Encoder(make_embedder(openai_settings(service.url)))
    assert await encoder.query("x") is None
    assert not await encoder.load()
    assert "upstream_5xx" in encoder.error
    assert not encoder.ready
    asked = len(service.sizes)
    assert not await encoder.load()  # it rests
    assert len(service.sizes) == asked
    encoder.close()


async def test_an_encoder_in_its_own_thread(builtin: BuiltinEmbedder) -> None:
    encoder = Encoder(builtin)
    assert await encoder.query("磁盘满") is None
    assert await encoder.load()
    assert encoder.key == "builtin:use-multilingual-v3/512"
    texts = [f"text {n}" for n in range(builtin.batch + 3)]
    vectors = await encoder.embed(texts)
    assert vectors is not None
    assert vectors == pytest.approx(builtin.embed(texts), abs=1e-5)
    query = await encoder.query("text 3")
    assert query == pytest.approx(vectors[3], abs=1e-5)
    encoder.close()


def test_the_default_is_built_in(tmp_path: Path) -> None:
    embedder: Embedder = make_embedder(Settings(), tmp_path)
    assert isinstance(embedder, BuiltinEmbedder)


def transformers_settings(model: str) -> Settings:
    return Settings.model_validate({"knowledge": {"embedder": f"sentence-transformers:{model}"}})


def test_a_model_that_cannot_be_had_is_a_clear_error(tmp_path: Path) -> None:
    """Without the extra it says how to install it; with the extra, that the model is not there."""
    wrong = (
        r"knowledge\.embedder"
        if HAS_TRANSFORMERS
        else r"knowledge\.embedder: .*tocsin\[transformers\]"
    )
    with pytest.raises(TocsinError, match=wrong):
        make_embedder(transformers_settings(str(tmp_path / "none"))).embed(["x"])
