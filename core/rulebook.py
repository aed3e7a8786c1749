"""The rules in force: those of config.yaml and those made by API, with their versions.

Every change becomes a version in the store and is in force when the call returns. Rules of
config.yaml are provisioned: they get a version whenever the file says something new of them, and
are changed in the file only. Parts that hold compiled rules are told by `on_change`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from pydantic import ValidationError
from sqlalchemy import Connection

from core.clock import Clock, utc_now
from core.config.load import problem_of
from core.config.references import check_references
from core.config.rules import Rule
from core.config.settings import Settings
from core.decide.policy import schedules_of
from core.errors import ConfigError, Conflict, InvalidInput, NotFound, Problem
from core.model.time_interval import TimeInterval
from core.rule import Evaluator
from core.store import rule_rows
from core.store.database import Database
from core.store.rule_rows import RuleRow, RuleVersionRow

log = structlog.get_logger(__name__)
MAX_RULES = 1000  # made by API
_FILE = "config.yaml"


class RuleSet(msgspec.Struct, frozen=True):
    """Rules that are in force together. versions, schedules: by name of the rule."""

    rules: tuple[Rule, ...]
    versions: dict[str, int]
    schedules: dict[str, TimeInterval]
    evaluate: Evaluator


def read_rule(body: Mapping[str, Any], path: str = "") -> Rule:
    """A rule from values as JSON or YAML gives them. InvalidInput lists every mistake."""
    try:
        return Rule.model_validate(body)
    except ValidationError as error:
        found = [problem_of(item) for item in error.errors()]
        problems = [Problem(f"{path}.{p.path}".strip("."), p.message) for p in found]
        raise InvalidInput("the rule cannot be used", problems) from error


def body_of(rule: Rule) -> dict[str, Any]:
    """A rule as it is kept and shown: what was given, in plain values."""
    return rule.model_dump(mode="json", by_alias=True, exclude_unset=True)


class RuleBook:
    """One for each service. Call `load` before deciding begins."""

    def __init__(self, db: Database, settings: Settings, clock: Clock = utc_now) -> None:
        self._db = db
        self._settings = settings
        self._clock = clock
        self._file = {rule.name: rule for rule in settings.rules}
        self.rules: Sequence[Rule] = settings.rules  # those in force
        self._api: dict[str, RuleRow] = {}
        self._stamp = (0, 0)
        self._lock = asyncio.Lock()
        self.problem = ""  # why the rules of the file are not those in force
        self.on_change: Callable[[RuleSet], Awaitable[None]] | None = None

    # Whole sets

    async def load(self) -> None:
        """Version the file's rules and put all rules in force. ConfigError, StoreError."""
        async with self._lock:
            await self._provision(self._file)

    async def reload(self, file_rules: Iterable[Rule]) -> None:
        """The file was read anew. ConfigError leaves the rules that are in force."""
        file_rules = list(file_rules)
        if problems := self._references(file_rules):
            raise ConfigError(problems)
        async with self._lock:
            await self._provision({rule.name: rule for rule in file_rules})
            self.problem = ""

    async def refresh(self) -> None:
        """See whether another process has changed rules in the store."""
        if await self._db.read(rule_rows.stamp) != self._stamp:
            async with self._lock:
                await self._put_in_force(self._file)

    async def _provision(self, file: dict[str, Rule]) -> None:
        bodies = {name: body_of(rule) for name, rule in file.items()}
        now = self._clock()

        def work(connection: Connection) -> list[str]:
            rows = rule_rows.standing(connection)
            both = [r.name for r in rows if r.origin == "api" and r.name in bodies]
            if not both:
                rule_rows.provision(connection, bodies, _FILE, now)
            return both

        both = await self._db.write(work)
        if both:
            names = list(file)
            text = "the name {!r} is taken by a rule that was made by API; delete it there first"
            raise ConfigError(
                [Problem(f"rules[{names.index(n)}].name", text.format(n)) for n in both]
            )
        await self._put_in_force(file)

    async def _put_in_force(self, file: dict[str, Rule]) -> None:
        def work(connection: Connection) -> tuple[list[RuleRow], tuple[int, int]]:
            return rule_rows.standing(connection), rule_rows.stamp(connection)

        rows, stamp = await self._db.read(work)
        api = {row.name: row for row in rows if row.origin == "api" and row.name not in file}
        rules = list(file.values())
        for row in api.values():
            try:
                rules.append(read_rule(row.body))
            except InvalidInput as error:  # it was made by another version of tocsin
                log.error("rule_left_out", rule=row.name, mistakes=list(map(str, error.problems)))
        rules = [rule for rule in rules if not self._references([rule])]
        versions = {row.name: row.version for row in rows}
        made = await asyncio.to_thread(make_set, rules, versions, self._settings)
        if self.on_change is not None:
            await self.on_change(made)
        self._file, self._api, self._stamp, self.rules = file, api, stamp, made.rules

    # Single rules

    async def create(self, body: Mapping[str, Any], by: str, reason: str = "") -> RuleRow:
        """A new rule. InvalidInput, Conflict."""
        rule = self.read(body)
        async with self._lock:
            self._check_not_of_file(rule.name)
            if rule.name in self._api:
                raise Conflict(f"there is already a rule {rule.name!r}; PUT changes it")
            if len(self._api) >= MAX_RULES:
                raise Conflict(f"there are {MAX_RULES} rules made by API; that is the limit")
            return await self._keep(rule.name, rule, by, reason)

    async def update(
        self,
        name: str,
        body: Mapping[str, Any],
        by: str,
        reason: str = "",
        expected_version: int | None = None,
    ) -> RuleRow:
        """A rule's next version. NotFound, InvalidInput, Conflict when someone was faster."""
        rule = self.read({"name": name, **body})
        if rule.name != name:
            raise InvalidInput("a rule keeps its name", [Problem("name", f"must be {name!r}")])
        async with self._lock:
            self._check_version(name, expected_version)
            return await self._keep(name, rule, by, reason)

    async def delete(
        self, name: str, by: str, reason: str = "", expected_version: int | None = None
    ) -> RuleRow:
        """End a rule; its versions stay. NotFound, Conflict."""
        async with self._lock:
            self._check_version(name, expected_version)
            return await self._keep(name, None, by, reason)

    async def roll_back(self, name: str, version: int, by: str, reason: str = "") -> RuleRow:
        """Make an old version the newest one; a deleted rule comes back. NotFound, Conflict."""
        async with self._lock:
            self._check_not_of_file(name)
            old = await self._db.read(lambda c: rule_rows.version(c, name, version))
            if old is None or old.body is None:
                raise NotFound(f"the rule {name!r} has no version {version} to go back to")
            rule = self.read(old.body)
            return await self._keep(name, rule, by, reason or f"back to version {version}")

    def read(self, body: Mapping[str, Any], path: str = "") -> Rule:
        """A rule that could be in force: what it names is there. InvalidInput."""
        rule = read_rule(body, path)
        if problems := self._references([rule]):
            paths = [p.path.replace("rules[0]", path, 1).strip(".") for p in problems]
            found = [Problem(p, q.message) for p, q in zip(paths, problems, strict=True)]
            raise InvalidInput("the rule cannot be used", found)
        return rule

    async def versions(self, name: str) -> list[RuleVersionRow]:
        """The history of a rule, also of one that was deleted. NotFound."""
        found = await self._db.read(lambda c: rule_rows.versions(c, name))
        if not found:
            raise NotFound(f"there is no rule {name!r}")
        return found

    async def get(self, name: str) -> RuleRow:
        """A rule as it stands; what is told here is in force. NotFound."""
        async with self._lock:
            row = await self._db.read(lambda c: rule_rows.find(c, name))
        if row is None or row.deleted:
            raise NotFound(f"there is no rule {name!r}")
        return row

    async def all(self) -> list[RuleRow]:
        """The rules as they stand, by name."""
        async with self._lock:
            return await self._db.read(rule_rows.standing)

    def _references(self, rules: list[Rule]) -> list[Problem]:
        """What rules name that the running settings do not have."""
        changed = self._settings.model_copy(update={"rules": rules})
        return [p for p in check_references(changed) if p.path.startswith("rules[")]

    def _check_not_of_file(self, name: str) -> None:
        if name in self._file:
            raise Conflict(
                f"the rule {name!r} stands in {_FILE} and is changed there (origin: file)"
            )

    def _check_version(self, name: str, expected: int | None) -> None:
        self._check_not_of_file(name)
        row = self._api.get(name)
        if row is None:
            raise NotFound(f"there is no rule {name!r}")
        if expected is not None and row.version != expected:
            raise Conflict(f"the rule {name!r} is at version {row.version} by now; read it again")

    async def _keep(self, name: str, rule: Rule | None, by: str, reason: str) -> RuleRow:
        rules = [*self._file.values(), *(read_rule(r.body) for r in self._api.values())]
        rules = [r for r in rules if r.name != name] + ([rule] if rule else [])
        # What does not compile is not kept.
        await asyncio.to_thread(make_set, rules, {}, self._settings)
        body, now = body_of(rule) if rule else None, self._clock()

        known = self._api.get(name)

        def work(connection: Connection) -> RuleRow:
            now_there = rule_rows.find(connection, name)
            version = now_there.version if now_there and not now_there.deleted else None
            if version != (known.version if known else None):
                raise Conflict(f"the rule {name!r} was changed a moment ago; read it again")
            return rule_rows.put(
                connection, name, body, origin="api", author=by, reason=reason, at=now
            )

        row = await self._db.write(work)
        await self._put_in_force(self._file)
        return row


def make_set(rules: Iterable[Rule], versions: dict[str, int], settings: Settings) -> RuleSet:
    """Compile rules. Takes about 0.2 ms for each pattern: not in the event loop."""
    together = tuple(rules)
    return RuleSet(together, versions, schedules_of(together, settings), Evaluator(together))
