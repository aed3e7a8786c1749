"""Style sheets and scripts: read once, sent with a name that changes when they do."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aiohttp import web

_FOLDER = Path(__file__).parent / "assets"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"
# What these may do when someone opens them by themselves: nothing.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}


class Assets:
    """The files of the folder `assets`, in memory. Scripts import each other by relative paths,
    so all of them stand under one digest of the whole folder.
    """

    def __init__(self) -> None:
        self._files = {
            f.name: f.read_bytes() for f in sorted(_FOLDER.iterdir()) if f.suffix in _TYPES
        }
        whole = hashlib.sha256()
        for name, content in self._files.items():
            whole.update(f"{name}\0{len(content)}\0".encode() + content)
        self.digest = whole.hexdigest()[:16]

    def address(self, name: str) -> str:
        """Where a page finds `name`. KeyError when there is no such file."""
        if name not in self._files:
            raise KeyError(name)
        return f"/assets/{self.digest}/{name}"

    async def serve(self, request: web.Request) -> web.Response:
        """One file. A page from before an update gets today's file, which it must not keep."""
        name = request.match_info["name"]
        content = self._files.get(name)
        if content is None:
            raise web.HTTPNotFound(text="there is no such file")
        fresh = request.match_info["digest"] == self.digest
        return web.Response(
            body=content,
            content_type=_TYPES[Path(name).suffix],
            charset="utf-8",
            headers={**_HEADERS, "Cache-Control": _FOR_EVER if fresh else "no-store"},
        )
