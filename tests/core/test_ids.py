"""Ids: real UUIDs, in order; an event's id leads to its batch."""

from __future__ import annotations

import uuid

from core.ids import batch_id, event_ids, split_event_id, uuid7


def test_ids_are_uuids_of_version_7_and_sort_as_they_were_made() -> None:
    made = [uuid7() for _ in range(10_000)]
    assert made == sorted(set(made))
    for text in made[:100]:
        read = uuid.UUID(text)
        assert (str(read), read.version, read.variant) == (text, 7, uuid.RFC_4122)


def test_an_events_id_leads_to_its_batch() -> None:
    batch = batch_id()
    ids = event_ids(batch, 200)
    assert ids[0] == batch
    assert len(set(ids)) == 200
    assert split_event_id(ids[199]) == (uuid.UUID(batch), 199)
