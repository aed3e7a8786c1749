"""The nouns of the house, as plain typed values. Nothing here does I/O."""

from core.model.alert import Alert
from core.model.audit import AuditEntry, Principal, Role
from core.model.decision import Decision, StageVerdict, Verdict
from core.model.event import Event, Severity, normalise_severity
from core.model.incident import Incident, SimilarItem, TimelineEntry
from core.model.matcher import Matcher, parse_matcher, parse_matchers
from core.model.notification import Notification, Receipt
from core.model.silence import Silence
from core.model.upload import Upload

__all__ = [
    "Alert",
    "AuditEntry",
    "Decision",
    "Event",
    "Incident",
    "Matcher",
    "Notification",
    "Principal",
    "Receipt",
    "Role",
    "Severity",
    "Silence",
    "SimilarItem",
    "StageVerdict",
    "TimelineEntry",
    "Upload",
    "Verdict",
    "normalise_severity",
    "parse_matcher",
    "parse_matchers",
]
