"""Whatever is sent to whichever route: an answer below 500, and errors as problem+json."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from bot.http.routes import TABLE
from tests.bot.http.house import House, bearer

ROUTES = [route for route in TABLE if not route.stream]
TEXT = st.text(max_size=20) | st.sampled_from(
    ["", "INC-1", "1", "KB-1", "\0", "\ud800", "٣", "2h", "a=b", "../..", "9" * 40, "critical"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
# Names that mean something, so that the fuzz gets past the first look.
NAMES = st.sampled_from(
    ["labels", "annotations", "severity", "status", "occurred_at", "body", "dedup_key", "events",
     "alerts", "matchers", "for", "ends_at", "starts_at", "comment", "to", "path", "text",
     "startsAt", "endsAt", "generatorURL", "createdBy", "name", "value", "isRegex", "id",
     "incident", "query", "question", "kinds", "limit", "title", "tags", "version", "created_by"]
)  # fmt: skip
QUERY_NAMES = st.sampled_from(
    [
        "limit",
        "cursor",
        "status",
        "severity",
        "since",
        "until",
        "q",
        "label",
        "token",
        "filter",
        "receiver",
        "active",
    ]
)
BODIES = st.one_of(
    st.dictionaries(NAMES | TEXT, VALUES, max_size=5).map(
        lambda value: json.dumps(value).encode("utf-8", "surrogatepass")
    ),
    VALUES.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    st.binary(max_size=60),
)
TYPES = st.sampled_from(["application/json", "application/json", "text/plain", "x/y+json", ""])
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="") or "-"


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, str], bytes]:
    route = draw(st.sampled_from(ROUTES))
    method = draw(st.just(route.method) | METHODS)
    path = route.path
    for name in ("id", "source", "name"):
        path = path.replace(f"{{{name}}}", _quoted(draw(TEXT)))
    pairs = draw(st.lists(st.tuples(QUERY_NAMES, TEXT), max_size=4))
    query = urlencode([(n, v.encode("utf-8", "surrogatepass")) for n, v in pairs])
    headers = {"Content-Type": draw(TYPES)}
    if draw(st.booleans()):
        headers["If-Match"] = draw(st.sampled_from(['"1"', "*", "x", '"99999999999999"']))
    return method, f"{path}?{query}", headers, draw(BODIES)


@given(request=requests())
@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_nothing_that_is_sent_breaks_anything(house: House, request: Any) -> None:
    method, path, headers, body = request
    url = URL(f"http://127.0.0.1:{house.port}{path}", encoded=True)
    headers = {**headers, **bearer("admin")}
    async with house.client.request(method, url, headers=headers, data=body) as answer:
        text = await answer.text()
        # Nothing here is loaded: what would read the index says so.
        assert answer.status < 500, (request, text)
        if answer.status >= 400 and method != "HEAD" and not url.path.startswith("/api/v2/"):
            assert answer.content_type == "application/problem+json", (request, text)
            assert json.loads(text)["status"] == answer.status
