"""Which files may be uploaded, and under which key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.config.load import parse_settings
from core.errors import InvalidInput, NotFound, PermissionDenied
from core.upload.roots import Roots


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    for name in ("out", "out/inner", "other", "elsewhere"):
        (tmp_path / name).mkdir()
    settings = parse_settings(
        {
            "language": "en",
            "targets": [
                {"name": "t", "type": "local", "path": str(tmp_path / "o"), "prefix": "p/"}
            ],
            "files": [
                {
                    "name": "outer",
                    "target": "t",
                    "watch_dir": [f"{tmp_path}/out", f"{tmp_path}/other"],
                },
                {"name": "inner", "target": "t", "watch_dir": [f"{tmp_path}/out/inner"]},
            ],
        },
        {},
    )
    return Roots(settings)


def test_a_key_is_relative_to_the_root_that_holds_the_file(roots: Roots, tmp_path: Path) -> None:
    (tmp_path / "other/2026").mkdir()
    (tmp_path / "other/2026/a.csv").write_bytes(b"12345")
    promise = roots.promise(roots.sources["outer"], str(tmp_path / "other/2026/a.csv"))
    assert promise.key == "p/outer/2026/a.csv"
    assert promise.size == 5
    mtime = (tmp_path / "other/2026/a.csv").stat().st_mtime_ns
    assert promise.version == f"5:{mtime}"


def test_the_innermost_root_wins(roots: Roots, tmp_path: Path) -> None:
    assert roots.source_of(str(tmp_path / "out/inner/a")).name == "inner"
    assert roots.source_of(str(tmp_path / "out/a")).name == "outer"
    assert roots.source_of(str(tmp_path / "out/inner/../a")).name == "outer"


@pytest.mark.parametrize("path", ["elsewhere/a", "out/../elsewhere/a", "outside", "out", ""])
def test_what_lies_outside(roots: Roots, tmp_path: Path, path: str) -> None:
    (tmp_path / "elsewhere/a").touch()
    with pytest.raises(PermissionDenied):
        roots.source_of(str(tmp_path / path))
    with pytest.raises(PermissionDenied):
        roots.promise(roots.sources["outer"], str(tmp_path / path))


def test_links_do_not_leave_the_root(roots: Roots, tmp_path: Path) -> None:
    (tmp_path / "elsewhere/a").touch()
    (tmp_path / "out/file").symlink_to(tmp_path / "elsewhere/a")
    (tmp_path / "out/directory").symlink_to(tmp_path / "elsewhere")
    for path in ("out/file", "out/directory/a"):
        with pytest.raises(PermissionDenied):
            roots.promise(roots.sources["outer"], str(tmp_path / path))
        with pytest.raises(PermissionDenied):
            roots.source_of(str(tmp_path / path))


def test_links_inside_the_root(roots: Roots, tmp_path: Path) -> None:
    (tmp_path / "out/real").write_bytes(b"x")
    (tmp_path / "out/latest").symlink_to("real")
    (tmp_path / "out/again").symlink_to(tmp_path / "out/inner")
    (tmp_path / "out/inner/b").write_bytes(b"x")
    outer = roots.sources["outer"]
    assert roots.promise(outer, str(tmp_path / "out/latest")).key == "p/outer/latest"
    assert roots.promise(outer, str(tmp_path / "out/again/b")).key == "p/outer/inner/b"


def test_what_is_no_file(roots: Roots, tmp_path: Path) -> None:
    outer = roots.sources["outer"]
    os.mkfifo(tmp_path / "out/pipe")
    (tmp_path / "out/loop").symlink_to("loop")
    for name in ("inner", "pipe", "loop", "n" * 300):
        with pytest.raises(InvalidInput):
            roots.promise(outer, str(tmp_path / "out" / name))
    with pytest.raises(NotFound):
        roots.promise(outer, str(tmp_path / "out/none"))
    for path in ("", "a\0b"):
        with pytest.raises(InvalidInput):
            roots.source_of(path)


def test_a_name_that_is_not_utf8(roots: Roots, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path / "out") + b"/caf\xe9.csv")
    Path(path).touch()
    with pytest.raises(InvalidInput, match="UTF-8"):
        roots.promise(roots.sources["outer"], path)
