"""Alembic runs this for every command: migrations go over the connection it was handed."""

from alembic import context

from opentact.adapters.storage.migrations.options import OPTIONS

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    # SQLite alters a table by copying it; on PostgreSQL this changes nothing.
    render_as_batch=context.config.attributes.get("batch", True),
    **OPTIONS,
)
with context.begin_transaction():
    context.run_migrations()
