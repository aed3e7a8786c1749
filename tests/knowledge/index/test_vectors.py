"""FAISS, flat and inverted: what is put is found, what is replaced or removed is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from knowledge.index.vectors import Vectors

EVERY = range(1 << 40)


def units(count: int, dim: int = 32, seed: int = 1) -> Any:
    made = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.fixture(params=["flat", "inverted"])
def filled(request: pytest.FixtureRequest) -> Vectors:
    vectors = Vectors(32, flat_limit=100)
    vectors.put(range(400), units(400))
    assert vectors.crowded
    return vectors.inverted() if request.param == "inverted" else vectors


def test_the_nearest_is_itself(filled: Vectors) -> None:
    for number, vector in enumerate(units(400)[:20]):
        found = filled.search(vector, 5, EVERY)
        assert next(iter(found)) == number
        assert found[number] == pytest.approx(1, abs=1e-5)
    assert len(filled) == 400


def test_a_number_is_never_there_twice(filled: Vectors) -> None:
    old, new = units(400)[7], units(1, seed=2)[0]
    filled.put([7], new.reshape(1, -1))
    assert len(filled) == 400
    assert 7 not in filled.search(old, 1, EVERY)
    assert list(filled.search(new, 400, EVERY)).count(7) == 1


def test_what_is_removed_is_gone(filled: Vectors) -> None:
    filled.remove(range(300))
    filled.remove([5, 10_000])
    assert len(filled) == 100
    assert min(filled.search(units(400)[3], 400, EVERY)) >= 300
    assert 3 not in filled
    assert filled.cosines(units(400)[3], [3, 300]).keys() == {300}


def test_only_the_wanted_range_is_searched(filled: Vectors) -> None:
    found = filled.search(units(400)[3], 10, range(100, 200))
    assert found
    assert set(found) <= set(range(100, 200))


def test_cosines_are_exact(filled: Vectors) -> None:
    vectors = units(400)
    found = filled.cosines(vectors[0], [0, 1])
    assert found == pytest.approx({0: 1, 1: float(vectors[0] @ vectors[1])}, abs=1e-5)


def test_an_inverted_file_finds_what_exact_search_finds() -> None:
    flat = Vectors(32, flat_limit=100)
    flat.put(range(2000), units(2000))
    inverted = flat.inverted()
    assert not inverted.crowded
    same = [
        len(set(flat.search(q, 10, EVERY)) & set(inverted.search(q, 10, EVERY)))
        for q in units(20, seed=3)
    ]
    assert sum(same) / 200 > 0.5  # random vectors have no clusters: the worst case


def test_an_empty_index_finds_nothing() -> None:
    assert Vectors(32).search(units(1)[0], 5, EVERY) == {}
