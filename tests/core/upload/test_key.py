"""Object keys: what is allowed, and that nothing leaves its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.upload.key import check_key, object_key

segment = st.text(st.characters(exclude_characters="/"), max_size=8)
relpath = st.lists(segment | st.sampled_from(["..", ".", ""]), min_size=1, max_size=5).map("/".join)


@pytest.mark.parametrize(
    ("prefix", "path", "key"),
    [
        ("", "a.csv", "reports/a.csv"),
        ("daily/", "2026/01/a.csv", "daily/reports/2026/01/a.csv"),
        ("daily-", "a.csv", "daily-reports/a.csv"),
        ("/logs//", "磁盘 满.log", "logs/reports/磁盘 满.log"),
        ("", "a\nb.csv", "reports/a\nb.csv"),
    ],
)
def test_keys(prefix: str, path: str, key: str) -> None:
    assert object_key(prefix, "reports", path) == key


@pytest.mark.parametrize("path", ["../x", "a/../../x", "a/..", ".", "a\0b", "caf\udce9.csv"])
def test_what_cannot_be_a_key(path: str) -> None:
    with pytest.raises(InvalidInput):
        object_key("p/", "reports", path)


@pytest.mark.parametrize("key", ["", "/etc/passwd", "a//b", "a/", "../a", "a/./b", "a\0"])
def test_what_is_refused_as_a_key(key: str) -> None:
    with pytest.raises(InvalidInput):
        check_key(key)


@given(relpath)
def test_a_key_stays_under_its_source(path: str) -> None:
    try:
        key = object_key("p/", "reports", path)
    except InvalidInput:
        return
    assert key == "p/reports" or key.startswith("p/reports/")
    assert not {"", ".", ".."} & set(key.split("/"))
    assert "\0" not in key
    key.encode()


@given(relpath, relpath)
def test_two_files_never_share_a_key(one: str, other: str) -> None:
    def plain(path: str) -> str:
        return "/".join(filter(None, path.split("/")))

    try:
        same = object_key("", "s", one) == object_key("", "s", other)
    except InvalidInput:
        return
    assert same is (plain(one) == plain(other))
