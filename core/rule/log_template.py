"""Log templates: lines that say the same of different things are one cluster.

The algorithm is Drain (He, Zhu, Zheng, Lyu: "Drain: An Online Log Parsing Approach with Fixed
Depth Tree", ICWS 2017): words are masked, clusters are looked for by the number of words and the
first word that does not vary, the most similar one takes the line, and what differs becomes `<*>`.

Two things are added, so that a cluster can be what an alert is known by. Its id is made from the
line it began with, and stays while the template generalises. And a template that covers a line
wholly comes before all that do not: a line that was once taken always finds a cluster.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from operator import eq

import msgspec

from core.rule.mask import mask

ANY = "<*>"
SIMILAR = 0.5  # share of equal words that makes a line one of a cluster
MAX_TEMPLATES = 10_000
_MAX_NAME = 80
_PLACEHOLDER = re.compile(r"<(?:\*|[A-Z]+)>")
_VARIES = re.compile(r"[\d<]")
Key = tuple[int, str]


class Template(msgspec.Struct, kw_only=True):
    """One cluster of lines, as it is stored.

    first: the masked line it began with; id is made of it. text: the template as it is now.
    size: lines it has taken; used: a count that says which one was used last.
    """

    id: str
    first: str
    text: str
    size: int
    used: int

    @property
    def name(self) -> str:
        """A short name that never changes: the line it began with, `*` for what varied."""
        return _short(self.first)


def name_of(text: str) -> str:
    """A short name for a text that has no template: its first line, `*` for what varies."""
    return _short(" ".join(mask(text)))


def _short(masked: str) -> str:
    return _PLACEHOLDER.sub("*", masked)[:_MAX_NAME].strip() or "event"


class _Cluster:
    """A template with its words. constants: how many of them are not `<*>`."""

    __slots__ = ("constants", "template", "words")

    def __init__(self, template: Template) -> None:
        self.template = template
        self.words = template.text.split()
        self.constants = len(self.words) - self.words.count(ANY)

    def generalise(self, words: list[str]) -> None:
        """What differs becomes `<*>`."""
        self.words = [a if a == b else ANY for a, b in zip(self.words, words, strict=True)]
        self.constants = len(self.words) - self.words.count(ANY)
        self.template.text = " ".join(self.words)


class Templates:
    """Learns templates line by line. What it answers depends on the lines learned, in order,
    and on nothing else; a copy made from `stored` goes on exactly as the original would.

    At most `limit` are kept; the one that was not used for longest goes first.
    """

    def __init__(self, stored: Iterable[Template] = (), limit: int = MAX_TEMPLATES) -> None:
        self._limit = limit
        self._leaves: dict[Key, list[_Cluster]] = {}
        self._clusters: dict[str, _Cluster] = {}  # by id, the one used last at the end
        self._changed: set[str] = set()
        self._uses = 0
        for template in sorted(stored, key=lambda t: t.used):
            self._add(_Cluster(template), template.first.split())
            self._uses = template.used

    def __len__(self) -> int:
        """How many there are."""
        return len(self._clusters)

    def get(self, template_id: str) -> Template | None:
        """A template by its id."""
        cluster = self._clusters.get(template_id)
        return cluster.template if cluster is not None else None

    def learn(self, text: str) -> Template:
        """The template that the first line of `text` belongs to; it generalises, or begins."""
        words = mask(text)
        cluster = _best(self._leaves.get(_key(words), ()), words)
        if cluster is None:
            return self._begin(words)
        template = cluster.template
        if sum(map(eq, cluster.words, words)) < cluster.constants:
            cluster.generalise(words)
        self._uses += 1
        template.size += 1
        template.used = self._uses
        self._clusters[template.id] = self._clusters.pop(template.id)
        self._changed.add(template.id)
        return template

    def find(self, text: str) -> Template:
        """The template that `text` would belong to, as it is; nothing is learned."""
        words = mask(text)
        cluster = _best(self._leaves.get(_key(words), ()), words)
        return cluster.template if cluster is not None else _first(words, 0)

    def take_changed(self) -> set[str]:
        """Ids of those that were used, changed or dropped since the last call."""
        taken, self._changed = self._changed, set()
        return taken

    def _begin(self, words: list[str]) -> Template:
        if len(self._clusters) >= self._limit:
            self._drop(next(iter(self._clusters.values())))
        self._uses += 1
        template = _first(words, self._uses)
        self._add(_Cluster(template), words)
        self._changed.add(template.id)
        return template

    def _add(self, cluster: _Cluster, words: list[str]) -> None:
        self._clusters[cluster.template.id] = cluster
        self._leaves.setdefault(_key(words), []).append(cluster)

    def _drop(self, cluster: _Cluster) -> None:
        template = cluster.template
        del self._clusters[template.id]
        self._changed.add(template.id)
        key = _key(template.first.split())
        self._leaves[key].remove(cluster)
        if not self._leaves[key]:
            del self._leaves[key]


def _first(words: list[str], used: int) -> Template:
    """The template that a line begins."""
    text = " ".join(words)
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return Template(id=digest, first=text, text=text, size=1, used=used)


def _key(words: list[str]) -> Key:
    """Where a line's clusters are looked for: it depends on the line alone.

    The first word that does not vary, since many lines begin with a time or an address.
    """
    for word in words:
        if _VARIES.search(word) is None:
            return len(words), word
    return len(words), ANY


def _best(clusters: Iterable[_Cluster], words: list[str]) -> _Cluster | None:
    """The one that covers the line with the most words in common, else the most similar one."""
    best, score = None, (False, SIMILAR * len(words), -len(words))
    for cluster in clusters:
        same = sum(map(eq, cluster.words, words))
        rank = (same == cluster.constants, same, -cluster.constants)
        if rank >= score if best is None else rank > score:
            best, score = cluster, rank
    return best
