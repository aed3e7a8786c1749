"""Durable state: engines, tables, the event journal, migrations, retention."""

from core.store.database import Database
from core.store.journal import Journal, JournalBatch, Position

__all__ = ["Database", "Journal", "JournalBatch", "Position"]
