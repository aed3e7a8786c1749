"""One attempt to send one file, in a thread of its own, that can be told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.upload.roots import Promise, version_of
from core.upload.target import Stage, Stored, Target, UploadError

_SHOWN_AFTER = 1.0


class FileChanged(UploadError):
    """The file is not what was promised any more; what was sent of it is of no use."""

    def __init__(self, path: str) -> None:
        super().__init__("canceled", f"{path} changed before it was sent", retryable=False)


class Transfer:
    """Sends `promise` to the target that `open_target` gives.

    on_stage is called in the sending thread when a stage begins that lasts long enough to be
    seen; on_end when the thread is through, also when nobody waits for it any more.
    """

    def __init__(
        self,
        promise: Promise,
        open_target: Callable[[], Target],
        on_stage: Callable[[Stage], None],
        on_end: Callable[[], None],
    ) -> None:
        self.promise = promise
        self._open_target = open_target
        self._on_stage = on_stage
        self._on_end = on_end
        self._stop: UploadError | None = None
        self._stage: Stage = "sending"
        self._began = time.monotonic()

    def stop(self, why: UploadError) -> None:
        """End at the next step with `why`; a transfer past its last step is done all the same."""
        self._stop = why

    async def run(self) -> Stored:
        """Send the file. Raises UploadError; canceling leaves the thread to its next step."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Stored] = loop.create_future()

        def settle(stored: Stored | None, failure: BaseException | None) -> None:
            if outcome.done():
                return
            if failure is not None:
                outcome.set_exception(failure)
            elif stored is not None:
                outcome.set_result(stored)

        def work() -> None:
            stored, failure = None, None
            try:
                stored = self._send()
            except BaseException as error:  # noqa: BLE001 - handed to the one who waits
                failure = error
            finally:
                self._on_end()
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(settle, stored, failure)

        # A daemon: at the end of the process a storage that hangs is not waited for, and the task
        # runs again at the next start.
        threading.Thread(target=work, name=f"upload:{self.promise.source}", daemon=True).start()
        return await outcome

    def _send(self) -> Stored:
        promise = self.promise
        stored = self._open_target().put(
            Path(promise.path), promise.key, promise.version, self._step
        )
        if stored.size != promise.size:
            text = f"{stored.size} of {promise.size} bytes are stored"
            raise UploadError("bad_digest", text, retryable=True)
        return stored

    def _step(self, stage: Stage) -> None:
        if self._stop is not None:
            raise self._stop
        if stage == "verifying":
            self._check_version()
        if stage != self._stage:
            self._stage = stage
            if time.monotonic() - self._began > _SHOWN_AFTER:
                self._on_stage(stage)

    def _check_version(self) -> None:
        try:
            version = version_of(self.promise.path)
        except OSError as error:
            raise UploadError(
                "local_file_gone", f"{self.promise.path} is gone", retryable=False
            ) from error
        if version != self.promise.version:
            raise FileChanged(self.promise.path)
