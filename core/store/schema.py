"""The tables. Migrations in core/store/migrations bring a database here; a test compares them.

The journal's tables have a metadata of their own: on SQLite they live in a file of their own.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.store.types import BigId, Json, UtcDateTime

metadata = MetaData()
journal_metadata = MetaData()

journal = Table(
    "journal",
    journal_metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("batch", Text, nullable=False, unique=True),  # UUIDv7; its events' ids begin with it
    Column("accepted_at", UtcDateTime, nullable=False),
    Column("source", Text, nullable=False),
    Column("events", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),  # msgpack of list[Event]
    sqlite_autoincrement=True,
)
positions = Table(
    "positions",  # how far a source has been read; moves in the transaction that journals it
    journal_metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Json, nullable=False),
)
rejected_events = Table(
    "rejected_events",
    journal_metadata,
    Column("id", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("adapter", Text, nullable=False),
    Column("headers", Json, nullable=False),
)

counters = Table(
    "counters",  # the last short id given, by kind
    metadata,
    Column("kind", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
leases = Table(
    "leases",  # PostgreSQL: what one process of several does, see core/store/lease.py
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),  # on the database's clock
)
requests = Table(
    "requests",  # PostgreSQL: steps of people that wait for the process that decides
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("at", UtcDateTime, nullable=False),
    Column("step", Text, nullable=False),
    Column("given", Json, nullable=False),
    Column("state", Text, nullable=False),  # asked, answered, withdrawn
    Column("answer", Json),
    Index("requests_state", "state", "seq"),
)
checkpoints = Table(
    "checkpoints",  # the last journal row folded; moves with the state it led to
    metadata,
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("fingerprint", Text, nullable=False),
    Column("identified_by", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("flapping", Boolean, nullable=False),
    Column("severity", Text, nullable=False),
    Column("labels", Json, nullable=False),
    Column("annotations", Json, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime),
    Column("source", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("incident", BigInteger),
    Column("links", Json, nullable=False),
    Index("alerts_fingerprint", "fingerprint", "first_seen"),
    Index("alerts_status", "status", "number"),
    Index("alerts_incident", "incident"),
)
incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("labels", Json, nullable=False),
    Column("alert_count", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("acknowledged_at", UtcDateTime),
    Column("acknowledged_by", Text, nullable=False),
    Column("ack_until", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    Column("resolved_by", Text, nullable=False),
    Column("resolution", Text, nullable=False),
    Column("assignee", Text, nullable=False),
    Column("held", Boolean, nullable=False),
    Index("incidents_status", "status", "number"),
    Index("incidents_updated", "updated_at"),
)
similar_items = Table(
    "similar_items",  # what the knowledge base found for an incident: list[SimilarItem]
    metadata,
    Column("incident", BigInteger, primary_key=True),
    Column("items", Json, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
timeline = Table(
    "timeline",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("incident", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("timeline_incident", "incident", "seq"),
)
groups = Table(
    "groups",  # one aggregation group of one route; flush_at is its timer
    metadata,
    Column("key", Text, primary_key=True),
    Column("route", Text, nullable=False),
    Column("labels", Json, nullable=False),
    Column("incident", BigInteger, nullable=False),
    Column("flush_at", UtcDateTime),
    Column("notified_at", UtcDateTime),
)
group_members = Table(
    "group_members",
    metadata,
    Column("group_key", Text, primary_key=True),
    Column("alert", Text, primary_key=True),
    Column("told", Text, nullable=False),  # what its receiver was last told of it, or empty
)
rule_memories = Table(
    "rule_memories",  # one for each rule with a condition over time
    metadata,
    Column("rule", Text, primary_key=True),
    Column("params", Text, nullable=False),
    Column("since", Float, nullable=False),  # Unix seconds, as all moments of conditions
    Column("looked", Float, nullable=False),
)
rules = Table(
    "rules",  # as they stand, those of config.yaml too; bodies as in config.yaml
    metadata,
    Column("name", Text, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("body", Json, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)
rule_versions = Table(
    "rule_versions",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("body", Json),  # null: deleted
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
rule_windows = Table(
    "rule_windows",  # what a rule's condition remembers of one key
    metadata,
    Column("rule", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("touched", Float, nullable=False),
    Column("slot", Text, nullable=False),  # JSON whose order matters
)
histories = Table(
    "histories",  # how a fingerprint came and went lately: what flapping is seen by
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("changes", Json, nullable=False),
    Column("firing", Boolean, nullable=False),
    Column("seen", Text, nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("touched", Float, nullable=False),
)
log_templates = Table(
    "log_templates",  # what texts without a fingerprint are told apart by
    metadata,
    Column("id", Text, primary_key=True),
    Column("first", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
)
throttles = Table(
    "throttles",  # when a throttled receiver was told lately
    metadata,
    Column("receiver", Text, primary_key=True),
    Column("told", Json, nullable=False),  # Unix seconds
)
silences = Table(
    "silences",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("matchers", Json, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("comment", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime),
    Column("room", Text, nullable=False),
    Column("reminded", Boolean, nullable=False),
    Index("silences_ends", "ends_at"),
)
escalations = Table(
    "escalations",  # of open incidents: the step that comes next; due_at is its timer
    metadata,
    Column("incident", BigInteger, primary_key=True, autoincrement=False),
    Column("policy", Text, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("due_at", UtcDateTime),
    Column("waits", Boolean, nullable=False),
    Column("paused", Boolean, nullable=False),
)
oncall_overrides = Table(
    "oncall_overrides",  # made by people; those of config.yaml stand there
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("schedule", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("comment", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("oncall_overrides_schedule", "schedule", "ends_at"),
)
decisions = Table(
    "decisions",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("alert", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rule_version", BigInteger, nullable=False),  # 0: no rule
    Column("stages", Json, nullable=False),
    Index("decisions_alert", "alert", "seq"),
)
notifications = Table(
    "notifications",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("incident", BigInteger),
    Column("alerts", Json, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("receipt", Json),
    Column("merged_into", Text),
    Column("maybe_duplicate", Boolean, nullable=False),
    Column("accepted_at", UtcDateTime),
    Column("escalation", Json),  # core.model.escalating.Escalation
    Column("due_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Index("notifications_outbox", "state", "channel", "priority", "number"),
    Index("notifications_incident", "incident"),
)
lanes = Table(
    "lanes",  # a robot's budget, shared by restarts and workers: when it sent, until when it rests
    metadata,
    Column("name", Text, primary_key=True),
    Column("sent", Json, nullable=False),  # epoch seconds of the sends of the last minute
    Column("resting_until", UtcDateTime),
)
tasks = Table(
    "tasks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("key", Text),  # idempotency: one unfinished task a key
    Column("payload", Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("lease", Text),
    Column("error", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Index("tasks_due", "state", "queue", "priority", "run_at"),
    Index(
        "tasks_key",
        "key",
        unique=True,
        sqlite_where=text("state IN ('pending', 'running')"),
        postgresql_where=text("state IN ('pending', 'running')"),
    ),
)
analyses = Table(
    "analyses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident", BigInteger),
    Column("kind", Text, nullable=False),
    Column("result", Json, nullable=False),
    Column("degraded", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("analyses_incident", "incident", "at"),
)
articles = Table(
    "articles",
    metadata,
    Column("id", Text, primary_key=True),  # `KB-<number>`
    Column("number", BigInteger, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("tags", Json, nullable=False),
    Column("labels", Json, nullable=False),
    Column("services", Json, nullable=False),
    Column("severity", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("source_path", Text),  # what an import came from
    Column("content_hash", Text, nullable=False),
    Column("incident", BigInteger),  # a write-back draft's incident
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("source_path", name="articles_source_path"),
    Index("articles_updated", "updated_at"),
    Index("articles_incident", "incident"),
)
article_versions = Table(
    "article_versions",
    metadata,
    Column("article", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("meta", Json, nullable=False),  # tags, labels, services, severity, owner
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
article_steps = Table(
    "article_steps",  # submitted, approved, rejected, archived: by whom, and what they said
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("article", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),  # the status it led to
    Column("by", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("article_steps_article", "article", "seq"),
)
passages = Table(
    "passages",  # embedded pieces of articles and incidents: the index is a cache of these rows
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("embedder", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # float32, little-endian
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("kind", "ref", "part", "embedder", name="passages_place"),
    sqlite_autoincrement=True,
)
uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("version", Text, nullable=False),
    Column("node", Text, nullable=False, default=""),
    Column("state", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("turn", Integer, nullable=False, default=1),  # grows when it is wanted again
    Column("error", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    UniqueConstraint("source", "path", "version", name="uploads_promise"),
    Index("uploads_state", "state", "number"),
    Index("uploads_source", "source", "state", "finished_at"),
)
messages = Table(
    "messages",  # the web room
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("room", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("incident", BigInteger),
    Column("key", Text, unique=True),  # a notification's idempotency key
    Index("messages_room", "room", "seq"),
)
inbound = Table(
    "inbound",  # chat messages taken in: the platform may say one twice
    metadata,
    Column("channel", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("payload", Json, nullable=False),
)
audit = Table(
    "audit",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
tokens = Table(
    "tokens",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),  # SHA-256 of the token
    Column("created_at", UtcDateTime, nullable=False),
)
sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("token", Text, nullable=False),  # digest of the token it was opened with
    Column("csrf", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", Text, primary_key=True),
    Column("spoke_at", UtcDateTime),
    Column("since", UtcDateTime, nullable=False),  # its silence counts from here
    Column("looked_at", UtcDateTime, nullable=False),  # while it was listened to
)
ai_usage = Table(
    "ai_usage",
    metadata,
    Column("day", Text, primary_key=True),
    Column("tokens", BigInteger, nullable=False),
    Column("cost", Float, nullable=False),
)
