"""What Alembic runs: the migrations, on the connection and in the transaction that `fauxkube.store.migrate` is in."""

from alembic import context

from fauxkube.store.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    # SQLite can roll schema changes back; Alembic leaves that alone unless it is told.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
