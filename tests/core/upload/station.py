"""A watched directory, a target, the real queue, and what the engine would be told."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from core.config.settings import FileSource, Settings
from core.model.event import Event
from core.model.upload import Upload
from core.store import Database
from core.store.queries import upload as find_upload
from core.upload.uploads import Uploads
from scheduler.tasks import EmbeddedQueue


class Station:
    """Uploads on a queue. `watched` is the source's root, `objects` the local target's."""

    def __init__(self, db: Database, settings: Settings, watched: Path, objects: Path) -> None:
        self.db = db
        self.settings = settings
        self.watched = watched
        self.objects = objects
        self.events: list[Event] = []
        self.finished: list[Upload] = []
        self.queue = EmbeddedQueue(db)
        self.uploads = Uploads(settings, db, self.queue, self._report)
        self.uploads.on_finished = self._on_finished
        for kind in self.uploads.task_kinds():
            self.queue.register(kind)

    @property
    def source(self) -> FileSource:
        """The only files entry."""
        return self.settings.files[0]

    async def _report(self, event: Event) -> None:
        self.events.append(event)

    async def _on_finished(self, upload: Upload) -> None:
        self.finished.append(upload)

    def write(self, name: str, content: bytes) -> Path:
        """A file in the watched directory, made whole and then named."""
        path = self.watched / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(".beside")
        beside.write_bytes(content)
        os.replace(beside, path)
        return path

    async def offer(self, path: Path) -> Upload:
        """Offer a file that must be promised."""
        upload = await self.uploads.offer(self.source, path)
        assert upload is not None
        return upload

    async def row(self, number: int) -> Upload:
        """The upload as it is stored."""
        found = await self.db.read(lambda c: find_upload(c, number))
        assert found is not None
        return found

    async def until(self, number: int, *states: str) -> Upload:
        """Wait until an upload is in one of these states."""
        async with asyncio.timeout(10):
            while (found := await self.row(number)).state not in states:
                await asyncio.sleep(0.005)
        return found
