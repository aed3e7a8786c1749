"""The platform's limits and the choices a test may make where its behaviour varies."""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Rules:
    """All times are seconds of the simulated clock. Any field may be changed while it runs."""

    rate_limit: int = 20
    """Messages per `rate_window` and robot before the refusal; 0 = unlimited."""
    rate_window: float = 60.0
    block_seconds: float = 600.0
    throttle_errcode: Literal[130101, 410100] = 130101
    texts: Literal["new", "old"] = "new"
    """Wording of errmsg: the Chinese `description:…;solution:…` form or the older English one."""
    legacy_codes: bool = False
    """An unknown access_token answers 300001 as it did in the past, not 400101."""
    errcode_as_text: bool = False
    """Answer `"errcode":"0"` as the official sample shows, not the number seen on the wire."""
    max_body_bytes: int = 20_000
    max_param_bytes: int = 15_000
    max_mentions: int = 50
    session_seconds: float = 5_400.0
    token_seconds: float = 7_200.0
    ticket_seconds: float = 90.0
    qps_limit: int = 20
    """OpenAPI calls per second, app and API; 0 = unlimited."""
    ack_timeout: float = 60.0
    """A bot message or event without an ACK comes again after this."""
    max_deliveries: int = 10
    card_ack_timeout: float = 2.0
    ping_interval: float = 20.0
    """Between two ping frames on a stream connection; 0 = only on demand."""
    disconnect_grace: float = 10.0
    reuse_card: Literal["refuse", "old"] = "refuse"
    """A repeated outTrackId: 400 param.cardAlreadyExist, or silently the old card."""
    monthly_quota: int = 0
    """Metered messages (webhook and stream) after which inbound bodies carry 20001; 0 = none."""
