"""Links to the web room. Their addresses are ours: nothing untrusted stands in them."""

from __future__ import annotations

from bot.render.escape import Markdown
from bot.render.words import told


def incident_link(base_url: str, incident: int | None, language: str) -> Markdown:
    """A link to an incident in the web room; to the room itself without one."""
    address = f"{base_url}/?incident=INC-{incident}" if incident else f"{base_url}/"
    # A bracket or a space in the operator's address would end the link early.
    address = address.replace("(", "%28").replace(")", "%29").replace(" ", "%20")
    return Markdown(f"[{told('render.open', language)}]({address})")
