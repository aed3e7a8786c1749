"""What can go wrong on the way to OSS and in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operation = Literal["put", "init", "part", "complete", "abort", "list", "head", "get", "delete"]
Kind = Literal["status", "reset", "hold", "slow", "wrong_crc", "no_crc"]


@dataclass
class Fault:
    """Hits the next `times` requests of an operation (empty: any).

    status: refuses with `status` and `code`, and `retry_after` where given. reset: breaks the
    connection in the middle of the body. hold: reads one byte, then nothing until
    `OssServer.released`. slow: waits `seconds` before it answers. wrong_crc: what is stored has
    another byte than was sent. no_crc: answers without a checksum.
    """

    kind: Kind
    on: Operation | Literal[""] = ""
    times: int = 1
    status: int = 500
    code: str = "InternalError"
    retry_after: str = ""
    seconds: float = 1.0
