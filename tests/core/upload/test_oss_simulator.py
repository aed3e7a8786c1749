"""The OSS simulator keeps OSS's rules; the real client is the judge."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import oss2
import pytest

from tests.sim.oss import Fault, OssServer


def bucket(oss: OssServer, sk: str = "secret-of-the-test", **options: Any) -> oss2.Bucket:
    auth = (oss2.AuthV4 if "region" in options else oss2.Auth)("LTAItest", sk)
    return oss2.Bucket(auth, oss.endpoint, "bucket", **options)


@pytest.mark.parametrize("options", [{}, {"region": "cn-test"}])
async def test_objects(oss: OssServer, options: dict[str, str]) -> None:
    def talk() -> None:
        client = bucket(oss, **options)
        key = "目录/a b+c%2F?x=1&y.txt"
        client.put_object(key, b"content")
        assert client.get_object(key).read() == b"content"
        assert client.head_object(key).content_length == 7
        client.delete_object(key)
        with pytest.raises(oss2.exceptions.NoSuchKey):
            client.get_object(key)

    await asyncio.to_thread(talk)
    assert {seen.signed for seen in oss.seen} == {"v4" if options else "v1"}


@pytest.mark.parametrize("options", [{}, {"region": "cn-test"}])
async def test_uploads_in_parts(oss: OssServer, options: dict[str, str]) -> None:
    def talk() -> None:
        client = bucket(oss, **options)
        id_ = client.init_multipart_upload("big").upload_id
        sent = [client.upload_part("big", id_, n, bytes([n]) * 200_000) for n in (1, 2, 3)]
        listed = client.list_parts("big", id_).parts
        assert [(p.part_number, p.etag, p.size) for p in listed] == [
            (n, result.etag, 200_000) for n, result in enumerate(sent, 1)
        ]
        client.complete_multipart_upload("big", id_, listed)
        with pytest.raises(oss2.exceptions.NoSuchUpload):
            client.upload_part("big", id_, 4, b"x")
        other = client.init_multipart_upload("big").upload_id
        client.abort_multipart_upload("big", other)

    await asyncio.to_thread(talk)
    assert oss.body("big") == b"".join(bytes([n]) * 200_000 for n in (1, 2, 3))
    assert oss.storage.uploads == {}


@pytest.mark.parametrize("options", [{}, {"region": "cn-test"}])
async def test_a_wrong_key_is_refused(oss: OssServer, options: dict[str, str]) -> None:
    with pytest.raises(oss2.exceptions.SignatureDoesNotMatch):
        await asyncio.to_thread(bucket(oss, sk="guess", **options).put_object, "k", b"x")
    assert oss.body("k") is None


async def test_a_clock_that_is_off_is_refused(oss: OssServer) -> None:
    oss.clock_offset = timedelta(hours=1)
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        await asyncio.to_thread(bucket(oss).put_object, "k", b"x")
    assert caught.value.code == "RequestTimeTooSkewed"


async def test_a_wrong_digest_is_refused(oss: OssServer) -> None:
    def talk() -> None:
        with pytest.raises(oss2.exceptions.InvalidDigest):
            bucket(oss).put_object("k", b"x", headers={"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="})

    await asyncio.to_thread(talk)


async def test_faults_come_once_each(oss: OssServer) -> None:
    oss.faults = [Fault("status", status=503, code="SlowDown"), Fault("wrong_crc", on="put")]

    def talk() -> None:
        client = bucket(oss)
        with pytest.raises(oss2.exceptions.ServerError):
            client.put_object("k", b"x")
        with pytest.raises(oss2.exceptions.InconsistentError):
            client.put_object("k", b"x")
        client.put_object("k", b"x")

    await asyncio.to_thread(talk)
    assert oss.body("k") == b"x"
