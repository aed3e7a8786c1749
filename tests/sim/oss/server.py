"""The HTTP face of the OSS simulator: path style and virtual-hosted style, XML in and out."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web

from tests.sim.oss import sign
from tests.sim.oss.fault import Fault, Operation
from tests.sim.oss.storage import OssFault, Storage, StoredObject


@dataclass(frozen=True)
class Seen:
    """A request that came, and how it was answered (0: it was not)."""

    operation: str
    host: str
    bucket: str
    key: str
    signed: str
    status: int


class OssServer:
    """`async with OssServer() as oss:` serves at `oss.endpoint` until the block ends.

    host: a domain whose sub-domains are buckets (virtual-hosted style); any other host is path
    style. `arrived`: the first byte of a body is here. `released`: what is held may go on.
    `clock_offset`: this OSS's clock is off by it.
    """

    def __init__(
        self,
        buckets: tuple[str, ...] = ("bucket",),
        secrets: Mapping[str, str] | None = None,
        region: str = "cn-test",
        host: str = "oss.test",
    ) -> None:
        self.storage = Storage(buckets)
        self.secrets = dict(secrets or {"LTAItest": "secret-of-the-test"})
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.arrived = asyncio.Event()
        self.released = asyncio.Event()
        self.clock_offset = timedelta(0)
        self.endpoint = ""
        self._region = region
        self._host = host
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.endpoint = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.released.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def body(self, key: str, bucket: str = "bucket") -> bytes | None:
        """What stands under a key; None when nothing does."""
        found = self.storage.objects.get((bucket, key))
        return found.body if found else None

    def count(self, operation: Operation) -> int:
        """How many requests of a kind came."""
        return sum(seen.operation == operation for seen in self.seen)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        bucket, key, query = self._address(request)
        operation = _operation(request.method, query)
        fault = self._fault(operation)
        signed, status = "", 0
        try:
            now = datetime.now(UTC) + self.clock_offset
            try:
                signed = sign.check(
                    request.method, bucket, key, query, request.headers, self.secrets,
                    self._region, now,
                )  # fmt: skip
            except sign.Refused as error:
                raise OssFault(403, error.code) from error
            body = await self._receive(request, fault)
            answer = self._do(operation, bucket, key, query, body, request, fault)
            if fault is not None and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            status = answer.status
        except OssFault as error:
            answer = _refusal(error, fault)
            status = error.status
        except (aiohttp.ClientError, ConnectionError, web.HTTPException) as error:
            answer = web.Response(status=400, text=type(error).__name__)  # nobody listens any more
        finally:
            self.seen.append(Seen(operation, request.host, bucket, key, signed, status))
        answer.headers["x-oss-request-id"] = f"{len(self.seen):024X}"
        return answer

    def _address(self, request: web.Request) -> tuple[str, str, dict[str, str]]:
        raw = urlsplit(request.raw_path)
        query = dict(parse_qsl(raw.query, keep_blank_values=True))
        path = unquote(raw.path).removeprefix("/")
        host = request.host.partition(":")[0]
        if host.endswith(f".{self._host}"):
            return host.removesuffix(f".{self._host}"), path, query
        bucket, _, key = path.partition("/")
        return bucket, key, query

    def _fault(self, operation: Operation) -> Fault | None:
        for fault in self.faults:
            if fault.on in {"", operation}:
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
                return fault
        return None

    async def _receive(self, request: web.Request, fault: Fault | None) -> bytes:
        first = await request.content.read(1)
        self.arrived.set()
        if fault is not None and fault.kind == "hold":
            await self.released.wait()
        if fault is not None and fault.kind == "reset":
            assert request.transport is not None
            request.transport.abort()
            raise ConnectionResetError
        body = first + await request.content.read()
        if fault is not None and fault.kind == "status":
            raise OssFault(fault.status, fault.code)
        given = request.headers.get("Content-MD5")
        right = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        if given is not None and given != right:
            raise OssFault(400, "InvalidDigest")
        return body

    def _do(
        self,
        operation: Operation,
        bucket: str,
        key: str,
        query: Mapping[str, str],
        body: bytes,
        request: web.Request,
        fault: Fault | None,
    ) -> web.Response:
        storage, content_type = self.storage, request.headers.get("Content-Type", "")
        if bucket not in storage.buckets:
            raise OssFault(404, "NoSuchBucket")
        if not key or len(key.encode()) > 1023 or key[0] in "/\\":
            raise OssFault(400, "InvalidObjectName")
        if fault is not None and fault.kind == "wrong_crc" and body:
            body = body[:-1] + bytes([body[-1] ^ 1])
        if operation == "put":
            return _stored(storage.put(bucket, key, body, content_type), fault)
        if operation == "init":
            id_ = storage.begin(bucket, key, content_type)
            return _xml(
                "InitiateMultipartUploadResult", Bucket=bucket, Key=escape(key), UploadId=id_
            )
        if operation == "part":
            number = int(query["partNumber"])
            return _stored(storage.put_part(query["uploadId"], key, number, body), fault)
        if operation == "complete":
            wanted = [
                (int(part.findtext("PartNumber", "0")), part.findtext("ETag", ""))
                for part in ElementTree.fromstring(body).iter("Part")
            ]
            return _stored(storage.complete(query["uploadId"], key, wanted), fault)
        if operation == "abort":
            storage.abort(query["uploadId"], key)
            return web.Response(status=204)
        if operation == "list":
            return _parts(bucket, key, query["uploadId"], storage)
        if operation == "delete":
            storage.objects.pop((bucket, key), None)
            return web.Response(status=204)
        found = storage.objects.get((bucket, key))
        if found is None:
            raise OssFault(404, "NoSuchKey")
        answer = _stored(found, None)
        answer.body = found.body  # aiohttp sends a HEAD's length alone
        return answer


def _operation(method: str, query: Mapping[str, str]) -> Operation:
    operation: dict[tuple[str, bool], Operation] = {
        ("PUT", False): "put",
        ("PUT", True): "part",
        ("POST", False): "init",
        ("POST", True): "complete",
        ("DELETE", True): "abort",
        ("DELETE", False): "delete",
        ("HEAD", False): "head",
        ("GET", False): "get",
        ("GET", True): "list",
    }
    return operation[method, "uploadId" in query]


def _stored(stored: StoredObject, fault: Fault | None) -> web.Response:
    answer = web.Response(headers={"ETag": f'"{stored.etag}"'})
    if fault is None or fault.kind != "no_crc":
        answer.headers["x-oss-hash-crc64ecma"] = str(stored.crc)
    return answer


def _parts(bucket: str, key: str, id_: str, storage: Storage) -> web.Response:
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{part.etag}&quot;</ETag>"
        f"<Size>{len(part.body)}</Size><HashCrc64ecma>{part.crc}</HashCrc64ecma>"
        "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Part>"
        for number, part in sorted(storage.upload(id_, key).parts.items())
    )
    return _xml(
        "ListPartsResult",
        Bucket=bucket,
        Key=escape(key),
        UploadId=id_,
        NextPartNumberMarker="0",
        MaxParts="1000",
        IsTruncated="false",
        more=parts,
    )


def _xml(root: str, more: str = "", **values: str) -> web.Response:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?><{root}>{inner}{more}</{root}>'
    return web.Response(text=text, content_type="application/xml")


def _refusal(error: OssFault, fault: Fault | None) -> web.Response:
    answer = _xml("Error", Code=error.code, Message=f"refused: {error.code}", HostId="oss.test")
    answer.set_status(error.status)
    if fault is not None and fault.retry_after:
        answer.headers["Retry-After"] = fault.retry_after
    return answer
