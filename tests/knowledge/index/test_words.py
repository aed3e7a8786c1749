"""Words: the same name is the same words, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.index.words import (
    fold,
    identifiers,
    is_chinese,
    meaning,
    pieces,
    tidy,
    wording,
    words,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CrashLoopBackOff", ["crash", "loop", "back", "off", "crashloopbackoff"]),
        ("node_memory_MemAvailable", ["node", "memory", "mem", "available", "memavailable"]),
        ("KubeCPUOvercommit", ["kube", "cpu", "overcommit", "kubecpuovercommit"]),
        ("the disks are full", ["disk", "full"]),
        ("ORA-00018", ["ora", "00018"]),
        ("E11000", ["11000", "e11000"]),
        ("连接池耗尽", ["连接", "接池", "池耗", "耗尽"]),
        ("满", ["满"]),
        ("Redis内存", ["redis", "内存"]),
        ("！？ … --", []),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_a_query_in_lower_case_finds_an_identifier() -> None:
    assert set(words("crashloopbackoff")) & set(words("CrashLoopBackOff"))


def test_what_an_embedder_reads_has_no_labels_and_numbers() -> None:
    text = "Disk /data is 97% full. severity=warning node=ip-10-0-4-22"
    assert meaning(text) == "Disk /data is full."


def test_codes_stay_to_be_looked_up_but_measures_do_not() -> None:
    assert wording("ERROR 1040 after 30.5 s, 97% app=pay") == "ERROR 1040 after s, pay"


def test_language() -> None:
    assert is_chinese("Redis 内存达到上限")
    assert not is_chinese("HikariPool-1 - Connection is not available")
    assert not is_chinese("")


def test_names_are_the_same_in_every_spelling() -> None:
    assert fold("DiskFull") == fold("disk-full") == fold("disk full") == fold("Disk_Full")


def test_identifiers_are_told_from_words() -> None:
    text = "why does KubePodCrashLooping fire, with ORA-00018 and ENOSPC on db-01?"
    assert identifiers(text) == ["KubePodCrashLooping", "ORA-00018", "ENOSPC", "db-01"]


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    assert [w for _run, found in pieces(text) for w in found] == words(text)
    tidy(text).encode()
    meaning(text).encode()
    wording(text).encode()


def test_lone_surrogates_are_dropped() -> None:
    assert tidy("a\ud800b\n\n c") == "a b c"
