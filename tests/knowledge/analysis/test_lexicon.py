"""What words in a log, Chinese or English, are taken to speak of."""

from __future__ import annotations

import pytest

from core.text import catalogue
from knowledge.analysis.lexicon import is_quiet, kind_of, kinds, place_of, rank_of


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("write failed: No space left on device", "disk_full"),
        ("磁盘使用率 97%", "disk_full"),
        ("inode usage 95%", "inode"),
        ("EXT4-fs error (device vdb1): Detected aborted journal", "read_only"),
        ("java.lang.OutOfMemoryError: Java heap space", "memory"),
        ("java.lang.OutOfMemoryError: GC overhead limit exceeded", "gc"),
        ("OOM command not allowed when used memory > 'maxmemory'", "redis_memory"),
        ("Back-off restarting failed container", "crash_loop"),
        ("ErrImagePull", "image_pull"),
        ("HikariPool-1 - Connection is not available, request timed out after 30000ms", "pool"),
        ("Too many connections", "pool"),
        ("Deadlock found when trying to get lock", "deadlock"),
        ("主从延迟 35 秒", "replication"),
        ("Replica SQL for channel '': Could not execute", "replication"),
        ("消费组堆积 10000 条，消费延迟", "kafka_lag"),
        ("x509: certificate has expired", "certificate"),
        ("getaddrinfo ENOTFOUND db.internal", "dns"),
        ("RequestTimeTooSkewed", "clock"),
        ("socket: too many open files", "file_limit"),
        ("dial tcp 10.0.0.1:80: connect: connection refused", "refused"),
        ("no route to host", "unreachable"),
        ("read: connection reset by peer", "reset"),
        ("502 Bad Gateway", "upstream"),
        ("429 Too Many Requests", "rate_limit"),
        ("上传失败 a.csv", "upload"),
        ("FileNotFoundError: [Errno 2] No such file or directory", "missing"),
        ("panic: invalid memory address or nil pointer dereference", "null"),
        ("context deadline exceeded", "timeout"),
        ("segfault at 0 ip 0", "crash"),
        ("all is well", None),
        ("openfile=3 memfile=2", None),  # EMFILE and ENFILE are words of their own
    ],
)
def test_the_kind_of_a_line(line: str, kind: str | None) -> None:
    found = kind_of(line)
    assert (found and found.name) == kind


@pytest.mark.parametrize(
    ("line", "rank"),
    [
        ("FATAL cannot start", 3),
        ("panic: x", 3),
        ("ERROR x", 2),
        ("订单写入失败", 2),
        ('"GET / HTTP/1.1" 502 157', 2),
        ("Out of memory: Killed process 1 (java)", 2),
        ("WARN slow", 1),
        ("INFO retry after error", 1),
        ("0 errors, 0 failed", 0),
        ("失败数：0", 0),
        ("connect timeout=30s", 0),
        ("INFO started", 0),
        ("", 0),
    ],
)
def test_how_bad_a_line_says_it_is(line: str, rank: int) -> None:
    assert rank_of(line) == rank


def test_places_are_in_characters() -> None:
    line = "订单服务 ERROR x"
    assert line[place_of(line) :].startswith("ERROR")
    assert place_of("calm") == 0
    assert is_quiet("2026 INFO x")
    assert not is_quiet("INFORMATION")


def test_every_kind_has_its_sentences() -> None:
    for kind in kinds():
        for part in ("name", "cause", "action"):
            texts = catalogue()[f"lexicon.{kind.name}.{part}"]
            assert set(texts) == {"zh-CN", "en"}
