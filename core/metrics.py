"""The Prometheus metrics of the house. Names and label sets are a contract with dashboards.

No label carries free text, a path or an id.
"""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the page for nobody
REGISTRY = CollectorRegistry()
_FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


def _counter(name: str, what: str, *labels: str) -> Counter:
    return Counter(f"tocsin_{name}", what, labels, registry=REGISTRY)


def _gauge(name: str, what: str, *labels: str) -> Gauge:
    return Gauge(f"tocsin_{name}", what, labels, registry=REGISTRY)


def _histogram(name: str, what: str, *labels: str) -> Histogram:
    return Histogram(f"tocsin_{name}", what, labels, registry=REGISTRY, buckets=_FAST)


EVENTS_ACCEPTED = _counter("events_accepted_total", "Events made durable", "source")
EVENTS_REJECTED = _counter(
    "events_rejected_total", "Events that could not be used", "source", "reason"
)
RULE_KEYS_FORGOTTEN = _counter(
    "rule_keys_forgotten_total", "Keys that conditions of rules had no room to remember"
)
JOURNAL_LAG = _gauge("journal_lag_seconds", "Age of the oldest event that is not decided yet")
DECISIONS = _counter("decisions_total", "Decisions on alerts", "verdict", "reason")
ALERTS_ACTIVE = _gauge("alerts_active", "Alerts that are firing")
INCIDENTS = _gauge("incidents", "Incidents by status", "status")
NOTIFICATIONS = _counter("notifications_total", "Attempts to notify", "channel", "outcome")
NOTIFICATION_LATENCY = _histogram(
    "notification_latency_seconds", "Event accepted to platform accepted", "channel"
)
OUTBOX_PENDING = _gauge("outbox_pending", "Notifications that wait", "channel")
DEAD_LETTERS = _counter("dead_letters_total", "Notifications given up", "channel")
TAIL_LAG = _gauge("tail_lag_bytes", "Bytes written but not read yet", "log")
FILE_EVENTS = _counter("file_events_total", "Changes seen in watched directories")
UPLOAD_QUEUE = _gauge("upload_queue_length", "Uploads that wait or run")
UPLOADS = _counter("uploads_total", "Attempts to upload", "target", "outcome", "reason")
UPLOAD_DURATION = _histogram("upload_duration_seconds", "Time of one upload", "target")
AI_REQUESTS = _counter("ai_requests_total", "Analyses asked for", "kind", "outcome")
AI_ERRORS = _counter("ai_errors_total", "Failures of the model by class", "class")
AI_DURATION = _histogram("ai_duration_seconds", "Time of one analysis", "kind")
AI_TOKENS = _counter("ai_tokens_total", "Tokens sent and received", "kind", "direction")
KB_SEARCHES = _counter("kb_searches_total", "Searches of the knowledge base")
KB_HITS = _counter("kb_hits_total", "Searches that found something worth showing")
KB_ANSWERS = _counter("kb_answers_total", "Answers to questions", "grounded")
KB_SEARCH_DURATION = _histogram("kb_search_duration_seconds", "Time of one search")
COMMANDS = _counter("commands_total", "Slash commands", "command", "outcome")
HEARTBEAT_MISSED = _gauge("heartbeat_missed", "1 while a heartbeat is missed", "heartbeat")
TASKS = _counter("tasks_total", "Task runs", "kind", "outcome")
HTTP_REQUESTS = _counter("http_requests_total", "HTTP requests", "route", "method", "status")
LOOP_BLOCKED = _gauge("event_loop_blocked_seconds", "Longest pause of the event loop lately")
DECIDES = _gauge("decides", "Whether this process decides (of several on PostgreSQL, one does)")
EPOCH = _gauge("decider_epoch", "The epoch in which this process decided last")
