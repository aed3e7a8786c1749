"""The local target: whole objects or none, and nothing outside its root."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from core.upload.local import LocalTarget
from core.upload.target import Stage, UploadError


def nothing(_stage: Stage) -> None:
    pass


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(3 * 1024 * 1024 + 7))
    return path


def left(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def test_an_object_has_the_same_bytes(tmp_path: Path, file: Path) -> None:
    root = tmp_path / "objects"
    stages: list[Stage] = []
    stored = LocalTarget(root).put(file, "reports/2026/文件 1.bin", "v", stages.append)
    content = file.read_bytes()
    assert (root / "reports/2026/文件 1.bin").read_bytes() == content
    assert stored.size == len(content)
    assert stored.etag == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert stages == ["sending"] * 4 + ["verifying"]
    assert left(root) == ["reports/2026/文件 1.bin"]


def test_the_mode_is_an_ordinary_file(tmp_path: Path, file: Path) -> None:
    file.chmod(0o4777)
    LocalTarget(tmp_path / "objects").put(file, "a", "v", nothing)
    mode = stat.S_IMODE((tmp_path / "objects/a").stat().st_mode)
    assert mode & 0o600 == 0o600
    assert not mode & 0o7133


def test_an_empty_file_is_stored(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert LocalTarget(tmp_path / "o").put(tmp_path / "empty", "a", "v", nothing).size == 0
    assert (tmp_path / "o/a").read_bytes() == b""


def test_a_newer_version_replaces_the_older(tmp_path: Path, file: Path) -> None:
    target = LocalTarget(tmp_path / "o")
    target.put(file, "a", "v1", nothing)
    file.write_bytes(b"short")
    target.put(file, "a", "v2", nothing)
    assert (tmp_path / "o/a").read_bytes() == b"short"


@pytest.mark.parametrize("when", ["sending", "verifying"])
def test_what_is_stopped_leaves_nothing(tmp_path: Path, file: Path, when: str) -> None:
    root = tmp_path / "o"
    (root / "reports").mkdir(parents=True)
    (root / "reports/a").write_bytes(b"before")

    def stop(stage: Stage) -> None:
        if stage == when:
            raise UploadError("canceled", "enough", retryable=False)

    with pytest.raises(UploadError, match="enough"):
        LocalTarget(root).put(file, "reports/a", "v", stop)
    assert left(root) == ["reports/a"]
    assert (root / "reports/a").read_bytes() == b"before"


@pytest.mark.parametrize("key", ["../a", "/etc/a", "a/../../b", "a\0b", "", "a//b"])
def test_a_key_does_not_leave_the_root(tmp_path: Path, file: Path, key: str) -> None:
    with pytest.raises(UploadError) as caught:
        LocalTarget(tmp_path / "o").put(file, key, "v", nothing)
    assert not caught.value.retryable
    assert left(tmp_path) == ["file"]


def test_a_link_does_not_lead_out_of_the_root(tmp_path: Path, file: Path) -> None:
    (tmp_path / "o").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "o/out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UploadError, match="leads out"):
        LocalTarget(tmp_path / "o").put(file, "out/a", "v", nothing)
    assert left(tmp_path / "elsewhere") == []


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(UploadError) as caught:
        LocalTarget(tmp_path / "o").put(tmp_path / "none", "a", "v", nothing)
    assert caught.value.reason == "local_file_gone"
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("number", "reason", "retryable"),
    [
        (errno.ENOSPC, "disk_full", True),
        (errno.EDQUOT, "disk_full", True),
        (errno.EACCES, "auth", False),
        (errno.EROFS, "auth", False),
        (errno.EIO, "other", True),
    ],
)
def test_refusals_have_classes(
    tmp_path: Path,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    reason: str,
    retryable: bool,
) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UploadError) as caught:
        LocalTarget(tmp_path / "o").put(file, "a", "v", nothing)
    assert (caught.value.reason, caught.value.retryable) == (reason, retryable)
    assert left(tmp_path / "o") == []


def test_a_file_where_a_directory_must_be(tmp_path: Path, file: Path) -> None:
    target = LocalTarget(tmp_path / "o")
    target.put(file, "a", "v", nothing)
    with pytest.raises(UploadError) as caught:
        target.put(file, "a/b", "v", nothing)
    assert (caught.value.reason, caught.value.retryable) == ("other", False)
