"""Which `files` and `targets` fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.config.load import parse_settings
from core.errors import ConfigError


def parse(target: dict[str, Any], **files: Any) -> None:
    source = {"name": "f", "watch_dir": ["/data/out"], "target": "t", **files}
    parse_settings({"targets": [{"name": "t", **target}], "files": [source]}, {})


def test_s3_is_refused_where_it_is_used() -> None:
    s3 = {"type": "s3", "bucket": "b", "endpoint": "http://127.0.0.1:9000"}
    with pytest.raises(ConfigError) as caught:
        parse(s3)
    assert [p.path for p in caught.value.problems] == ["files[0].target"]
    assert "s3" in caught.value.problems[0].message
    parse_settings({"targets": [{"name": "t", **s3}]}, {})


@pytest.mark.parametrize("path", ["/data/out", "/data/out/objects", "/data/out/../out/x"])
def test_objects_may_not_be_watched(path: str) -> None:
    with pytest.raises(ConfigError, match="lies in watch_dir"):
        parse({"type": "local", "path": path})


@pytest.mark.parametrize(
    ("path", "exclude"),
    [
        ("/data/objects", []),
        ("/data/out-objects", []),
        ("/data/out/objects/a", ["objects"]),
        ("/data/out/objects", ["/data/out/objects"]),
    ],
)
def test_where_objects_may_stand(path: str, exclude: list[str], tmp_path: Path) -> None:
    parse({"type": "local", "path": path}, watch_exclude=exclude)
