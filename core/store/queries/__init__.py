"""Reading the store: a connection in, structs out. One file a noun; lists come by cursor."""

from core.store.queries.alerts import (
    alert,
    alert_numbers,
    alert_of_fingerprint,
    alerts,
    alerts_of_incident,
)
from core.store.queries.articles import (
    ArticleRow,
    ArticleVersionRow,
    article,
    article_versions_of,
    articles,
)
from core.store.queries.audit import audit_entries
from core.store.queries.decisions import decisions_of
from core.store.queries.incidents import (
    Story,
    incident,
    incidents,
    meaning,
    stories,
    timeline,
)
from core.store.queries.notifications import (
    notification,
    notification_numbers,
    notifications,
    notifications_of_alert,
)
from core.store.queries.paging import DEFAULT_LIMIT, MAX_LIMIT, Filter, Page
from core.store.queries.rejected import RejectedEvent, rejected_event, rejected_events
from core.store.queries.silences import (
    silence,
    silence_of_id,
    silence_page,
    silences,
    silences_ending_after,
)
from core.store.queries.uploads import upload, uploads

__all__ = [
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "ArticleRow",
    "ArticleVersionRow",
    "Filter",
    "Page",
    "RejectedEvent",
    "Story",
    "alert",
    "alert_numbers",
    "alert_of_fingerprint",
    "alerts",
    "alerts_of_incident",
    "article",
    "article_versions_of",
    "articles",
    "audit_entries",
    "decisions_of",
    "incident",
    "incidents",
    "meaning",
    "notification",
    "notification_numbers",
    "notifications",
    "notifications_of_alert",
    "rejected_event",
    "rejected_events",
    "silence",
    "silence_of_id",
    "silence_page",
    "silences",
    "silences_ending_after",
    "stories",
    "timeline",
    "upload",
    "uploads",
]
