"""Who is asking: bearer tokens for programs, sessions with CSRF protection for browsers.

A token is looked up by its SHA-256 digest, so that comparing tells nothing about it and neither
memory nor store holds a token that was made here. An empty credential never authenticates. A
session lives as long as the token it was opened with.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from datetime import datetime, timedelta

import msgspec
import structlog
from aiohttp import web
from sqlalchemy import Connection, delete, insert, select

from bot.http.limit import Buckets
from bot.http.problem import NotSignedIn, TooMany
from core.clock import Clock, utc_now
from core.config.settings import Settings
from core.errors import Conflict, PermissionDenied, StoreError
from core.model.audit import Principal, Role
from core.store.database import Database
from core.store.rows import from_row
from core.store.schema import sessions, tokens

log = structlog.get_logger(__name__)

COOKIE = "tocsin_session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
ADMIN = "admin"  # the name of whoever holds auth.admin_token
FIRST = "first"  # the name of the token that the first start makes
SESSION_LIFE = timedelta(hours=12)
REFRESH = 1.0  # seconds
STRANGER = 0.05  # seconds: a token that is not known may have been made a moment ago
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Wrong sign-ins: so many at once from one address, then one every ten seconds.
SIGN_IN_BURST, SIGN_IN_RATE = 10, 0.1


class Session(msgspec.Struct, frozen=True):
    """A browser that signed in. token: digest of the token; csrf: what unsafe requests carry."""

    token: str
    csrf: str
    expires_at: datetime


_SESSION = web.RequestKey("session", Session)


def digest_of(credential: str) -> str:
    """SHA-256 of a credential, in hex."""
    return hashlib.sha256(credential.encode("utf-8", "surrogatepass")).hexdigest()


class Auth:
    """Knows every token and session. Call `load()` before the first request."""

    def __init__(self, settings: Settings, db: Database, clock: Clock = utc_now) -> None:
        self._db = db
        self._clock = clock
        self._configured = _configured(settings)
        self._known = self._configured
        self._read_at = float("-inf")  # of the monotonic clock
        self._reading = asyncio.Lock()
        self._secure = settings.base_url.startswith("https://")
        self._sign_ins = Buckets(SIGN_IN_RATE, SIGN_IN_BURST)

    async def load(self) -> str | None:
        """Read the stored tokens. Where no administrator can sign in, make a token.

        Returns that token, to be shown once on the terminal and never logged; None when there
        was an administrator already. `tocsin token create` makes another when it is lost.
        """
        await self._read()
        if any(who.role == "admin" for who in self._known.values()):
            return None
        taken = {who.name for who in self._known.values()}
        name = FIRST if FIRST not in taken else f"{FIRST}-{secrets.token_hex(3)}"
        try:
            return await self.create_token(name, "admin")
        except Conflict:  # another process started at the same moment, and has shown it
            await self._read()
            return None

    async def create_token(self, name: str, role: Role) -> str:
        """A new token; only its digest is kept. Conflict when the name is taken."""
        # The name in front lets secret scanners know what they found.
        token = f"tocsin_{secrets.token_urlsafe(32)}"
        row = {"name": name, "role": role, "digest": digest_of(token), "created_at": self._clock()}

        def work(connection: Connection) -> None:
            same = select(tokens.c.name).where(tokens.c.name == name)
            if connection.execute(same).first() is not None:
                raise Conflict(f"there is a token named {name!r} already; choose another name")
            connection.execute(insert(tokens), row)

        await self._db.write(work)
        await self._read()
        return token

    # Requests

    async def principal(self, request: web.Request) -> Principal:
        """Who sends this request. NotSignedIn (401) when nobody we know.

        An Authorization header decides alone. A session's unsafe request must carry its CSRF
        token in the header X-CSRF-Token or in the form field csrf_token: PermissionDenied (403).
        """
        header = request.headers.get("Authorization")
        if header is not None:
            scheme, _, credential = header.partition(" ")
            who = await self._holder(credential) if scheme.lower() == "bearer" else None
            if who is None:
                raise NotSignedIn("the token in the Authorization header is not known")
            return who
        await self._refresh(REFRESH)
        session = await self.session(request)
        who = self._known.get(session.token) if session is not None else None
        if session is None or who is None:
            raise NotSignedIn("sign in, or send a token in the header Authorization: Bearer …")
        if request.method not in SAFE_METHODS:
            given = await _given_csrf(request)
            if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), _raw(session)):
                raise PermissionDenied("the CSRF token is missing or old; load the page again")
        return msgspec.structs.replace(who, via="web")

    async def require(self, request: web.Request, role: Role) -> Principal:
        """`principal`, who must have `role`: else PermissionDenied (403)."""
        who = await self.principal(request)
        require_role(who, role)
        return who

    async def of_token(self, token: str) -> Principal | None:
        """The holder of a token that came in some other way; None when nobody we know."""
        return await self._holder(token)

    async def session(self, request: web.Request) -> Session | None:
        """The request's session while it lasts; its `csrf` belongs into the forms of the page."""
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        known: Session | None = request.get(_SESSION)
        if known is not None:
            return known
        query = select(sessions).where(
            sessions.c.digest == digest_of(cookie), sessions.c.expires_at > self._clock()
        )
        row = await self._db.read(lambda c: c.execute(query).first())
        if row is None:
            return None
        session = from_row(Session, row)
        request[_SESSION] = session
        return session

    # Browsers

    async def sign_in(self, request: web.Request, token: str, response: web.Response) -> Principal:
        """Open a session and put its cookie on `response`.

        NotSignedIn when the token is not known, TooMany after too many wrong ones.
        """
        peer = request.remote or ""
        if wait := self._sign_ins.wait(peer):
            raise TooMany("too many wrong sign-ins from this address; wait a little", wait)
        who = await self._holder(token)
        if who is None:
            self._sign_ins.take(peer)
            raise NotSignedIn("this token is not known")
        now, cookie = self._clock(), secrets.token_urlsafe(32)
        row = {
            "digest": digest_of(cookie),
            "token": digest_of(token.strip()),
            "csrf": secrets.token_urlsafe(32),
            "expires_at": now + SESSION_LIFE,
        }

        def work(connection: Connection) -> None:
            connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            connection.execute(insert(sessions), row)

        await self._db.write(work)
        # Lax: a link to an incident in someone's chat must find its reader signed in; what changes
        # anything carries the CSRF token.
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=int(SESSION_LIFE.total_seconds()),
            path="/",
            httponly=True,
            samesite="Lax",
            secure=self._secure or request.secure,
        )
        return msgspec.structs.replace(who, via="web")

    async def sign_out(self, request: web.Request, response: web.Response) -> None:
        """End the request's session. Check the request with `principal` first."""
        cookie = request.cookies.get(COOKIE, "")
        ended = delete(sessions).where(sessions.c.digest == digest_of(cookie))
        await self._db.write(lambda c: c.execute(ended))
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Lax")

    # Tokens

    async def _holder(self, credential: str) -> Principal | None:
        credential = credential.strip()
        if not credential:
            return None
        digest = digest_of(credential)
        await self._refresh(REFRESH)
        if digest not in self._known:
            await self._refresh(STRANGER)
        return self._known.get(digest)

    async def _refresh(self, age: float) -> None:
        """Read the tokens again when what is known is older; a token made elsewhere is seen."""
        if self._is_younger(age):
            return
        async with self._reading:
            if self._is_younger(age):
                return
            try:
                await self._read()
            except StoreError as error:
                # Whoever was known may go on: events are kept by another file, which may be well.
                self._read_at = time.monotonic()
                log.warning("tokens_not_read", error=str(error))

    def _is_younger(self, age: float) -> bool:
        return time.monotonic() - self._read_at < age

    async def _read(self) -> None:
        rows = await self._db.read(lambda c: c.execute(select(tokens)).all())
        stored = {row.digest: Principal(row.name, row.role, "api") for row in rows}
        self._known = {**stored, **self._configured}
        self._read_at = time.monotonic()


def require_role(who: Principal, role: Role) -> None:
    """PermissionDenied when `who` may not do what `role` may."""
    if not who.may(role):
        raise PermissionDenied(f"this needs the role {role}; {who.name} has {who.role}")


def _configured(settings: Settings) -> dict[str, Principal]:
    """Digest → holder of the tokens in config.yaml; of two with one token the first counts."""
    found: dict[str, Principal] = {}
    named: list[tuple[str, str, Role]] = [(settings.auth.admin_token, ADMIN, "admin")]
    named += [
        (token, person.name, person.role) for person in settings.people for token in person.tokens
    ]
    for token, name, role in named:
        if token.strip():
            found.setdefault(digest_of(token.strip()), Principal(name, role, "api"))
    return found


async def _given_csrf(request: web.Request) -> str:
    given = request.headers.get(CSRF_HEADER)
    if given is None and request.content_type == "application/x-www-form-urlencoded":
        field = (await request.post()).get(CSRF_FIELD)
        return field if isinstance(field, str) else ""
    return given or ""


def _raw(session: Session) -> bytes:
    return session.csrf.encode()
