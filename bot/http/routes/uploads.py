"""Uploads: files on their way to object storage."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from sqlalchemy import Connection

from bot.http.listing import Listing
from bot.http.route import Call, Route
from bot.http.views import Moment, PageOf, page_of
from core.clock import iso
from core.errors import NotFound
from core.model.upload import Upload, UploadState
from core.store import queries
from core.store.queries import Page

LISTING = Listing(statuses=("pending", "uploading", "succeeded", "failed", "canceled"))


class NewUpload(msgspec.Struct, frozen=True):
    """A file to upload. It must lie under a configured directory."""

    path: Annotated[str, Meta(min_length=1, max_length=4096)]


class UploadView(msgspec.Struct, frozen=True):
    """An upload. key: the object's key at the target; stage: the finer step within `state`."""

    id: str
    source: str
    target: str
    path: str
    key: str
    size: int
    state: UploadState
    stage: str
    attempts: int
    error: str
    etag: str
    created_at: Moment
    updated_at: Moment
    finished_at: Moment | None


def upload_view(upload: Upload) -> UploadView:
    """An upload as outsiders read it."""
    return UploadView(
        id=upload.short_id,
        source=upload.source,
        target=upload.target,
        path=upload.path,
        key=upload.key,
        size=upload.size,
        state=upload.state,
        stage=upload.stage,
        attempts=upload.attempts,
        error=upload.error,
        etag=upload.etag,
        created_at=iso(upload.created_at) or "",
        updated_at=iso(upload.updated_at) or "",
        finished_at=iso(upload.finished_at),
    )


async def _list(call: Call) -> PageOf[UploadView]:
    asked = call.asked(LISTING)

    def work(connection: Connection) -> Page[Upload]:
        return queries.uploads(connection, asked.wanted, limit=asked.limit, cursor=asked.cursor)

    return page_of(await call.parts.db.read(work), upload_view)


async def _one(call: Call) -> UploadView:
    number = call.number("UPL")
    upload = await call.parts.db.read(lambda c: queries.upload(c, number))
    if upload is None:
        raise NotFound(f"there is no upload UPL-{number}")
    return upload_view(upload)


async def _create(call: Call) -> UploadView:
    new = await call.body(NewUpload)
    call.on = new.path
    upload = await call.parts.uploads.request(new.path, call.who.name)
    call.on = upload.short_id
    return upload_view(upload)


async def _retry(call: Call) -> UploadView:
    return upload_view(await call.parts.uploads.retry(call.number("UPL")))


async def _cancel(call: Call) -> UploadView:
    return upload_view(await call.parts.uploads.cancel(call.number("UPL")))


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/uploads",
        handler=_list,
        key="uploads.list",
        listing=LISTING,
        answer=PageOf[UploadView],
    ),
    Route(
        method="POST",
        path="/api/v1/uploads",
        handler=_create,
        key="uploads.create",
        role="responder",
        action="upload.create",
        body=NewUpload,
        answer=UploadView,
        status=201,
    ),
    Route(
        method="GET",
        path="/api/v1/uploads/{id}",
        handler=_one,
        key="uploads.one",
        answer=UploadView,
    ),
    Route(
        method="POST",
        path="/api/v1/uploads/{id}/retry",
        handler=_retry,
        key="uploads.retry",
        role="responder",
        action="upload.retry",
        answer=UploadView,
    ),
    Route(
        method="POST",
        path="/api/v1/uploads/{id}/cancel",
        handler=_cancel,
        key="uploads.cancel",
        role="responder",
        action="upload.cancel",
        answer=UploadView,
    ),
)
