"""The vector side: cosine search with FAISS.

Exact search up to 100,000 vectors (5 ms there on one thread), an inverted file above. FAISS adds a
number twice rather than replacing it, so what is put is removed first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

FLAT_LIMIT = 100_000
_TRAINING = 40  # vectors a cell of the inverted file is trained on
_PROBED = 24  # cells that one search looks into


class Vectors:
    """Unit vectors under numbers of the caller's. Not safe for several threads at once.

    flat_limit: above this many vectors `crowded` says that `inverted()` should take over.
    """

    def __init__(self, dim: int, flat_limit: int = FLAT_LIMIT) -> None:
        faiss: Any = import_module("faiss")  # its own types are wrong in places
        faiss.omp_set_num_threads(1)  # more threads gain nothing here and take the cores of others
        self.dim = dim
        self._faiss = faiss
        self._flat_limit = flat_limit
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))
        self._numbers: set[int] = set()
        self._is_flat = True

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, number: object) -> bool:
        return number in self._numbers

    @property
    def crowded(self) -> bool:
        """Whether exact search has become too slow for this many vectors."""
        return self._is_flat and len(self) > self._flat_limit

    def put(self, numbers: Sequence[int], vectors: Matrix) -> None:
        """Add vectors, shape (len(numbers), dim), float32, or replace them."""
        import numpy as np

        self.remove(numbers)
        if numbers:
            ids = np.asarray(numbers, dtype=np.int64)
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)
            self._numbers.update(numbers)

    def remove(self, numbers: Sequence[int]) -> None:
        """Forget vectors; unknown numbers are passed over."""
        import numpy as np

        known = [number for number in numbers if number in self._numbers]
        if known:
            ids = np.asarray(known, dtype=np.int64)
            self._index.remove_ids(self._faiss.IDSelectorArray(ids) if not self._is_flat else ids)
            self._numbers.difference_update(known)

    def search(self, vector: Matrix, limit: int, within: range) -> dict[int, float]:
        """The `limit` nearest whose number lies in `within`, each with its cosine."""
        limit = min(limit, len(self))
        if not limit:
            return {}
        only = self._faiss.IDSelectorRange(within.start, within.stop)
        options = (
            self._faiss.SearchParameters(sel=only)
            if self._is_flat
            else self._faiss.SearchParametersIVF(sel=only, nprobe=_PROBED)
        )
        near, found = self._index.search(vector.reshape(1, -1), limit, params=options)
        # A missing hit has the number -1.
        return {int(n): float(s) for n, s in zip(found[0], near[0], strict=True) if n >= 0}

    def cosines(self, vector: Matrix, numbers: Sequence[int]) -> dict[int, float]:
        """The cosine of each of `numbers` that is known."""
        return {
            number: float(self._index.reconstruct(number) @ vector)
            for number in numbers
            if number in self._numbers
        }

    def inverted(self) -> Vectors:
        """The same vectors in an inverted file; takes seconds, and leaves this one as it is."""
        import numpy as np

        numbers = np.fromiter(self._numbers, dtype=np.int64, count=len(self))
        vectors = np.stack([self._index.reconstruct(int(number)) for number in numbers])
        cells = max(1, round(2 * math.sqrt(len(self))))
        quantizer = self._faiss.IndexFlatIP(self.dim)
        index = self._faiss.IndexIVFFlat(
            quantizer, self.dim, cells, self._faiss.METRIC_INNER_PRODUCT
        )
        index.cp.niter = 10
        sample = np.random.default_rng(0).permutation(len(self))[: cells * _TRAINING]
        index.train(vectors[sample])
        index.set_direct_map_type(self._faiss.DirectMap.Hashtable)
        index.add_with_ids(vectors, numbers)
        made = Vectors(self.dim, self._flat_limit)
        made._index, made._numbers, made._is_flat = index, set(self._numbers), False
        return made
