"""The first tables of the journal.

Until the first release the revision follows core/store/schema.py; from then on every change
of a table is a revision of its own.
"""

from __future__ import annotations

from alembic import op

from core.store.schema import journal_metadata

revision = "j0001"
down_revision = None
branch_labels = ("journal",)
depends_on = None


def upgrade() -> None:
    """Create every table that is missing."""
    journal_metadata.create_all(op.get_bind())
