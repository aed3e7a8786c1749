"""Run by alembic: applies revisions on the engine that `upgrade()` hands over."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
with attributes["engine"].connect().execution_options(writes=True) as connection:
    context.configure(
        connection=connection,
        target_metadata=attributes["metadata"],
        version_table=f"alembic_{attributes['branch']}",
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
