"""The first tables of the main database.

Until the first release the revision follows core/store/schema.py; from then on every change
of a table is a revision of its own.
"""

from __future__ import annotations

from alembic import op

from core.store.schema import metadata

revision = "m0001"
down_revision = None
branch_labels = ("main",)
depends_on = None


def upgrade() -> None:
    """Create every table that is missing."""
    metadata.create_all(op.get_bind())
