"""The configured targets, opened when a file is first sent to them."""

from __future__ import annotations

import threading
from pathlib import Path

from core.config.settings import Settings
from core.upload.local import LocalTarget
from core.upload.target import Target, UploadError


class Targets:
    """Opens each target once. Called in sending threads: opening OSS imports a heavy library."""

    def __init__(self, settings: Settings) -> None:
        self._settings = {target.name: target for target in settings.targets}
        self._checkpoints = Path(settings.data_dir) / "uploads"
        self._open: dict[str, Target] = {}
        self._lock = threading.Lock()

    def open(self, name: str) -> Target:
        """The target of that name. UploadError when there is none or its settings cannot work."""
        with self._lock:
            if name not in self._open:
                self._open[name] = self._make(name)
            return self._open[name]

    def _make(self, name: str) -> Target:
        settings = self._settings.get(name)
        if settings is None:
            raise UploadError("other", f"there is no target {name!r} any more", retryable=False)
        if settings.type == "local":
            return LocalTarget(Path(settings.path))
        if settings.type == "oss":
            from core.upload.oss import OssTarget

            return OssTarget(settings, self._checkpoints)
        raise UploadError("other", f"{name}: this version serves no S3 targets", retryable=False)
