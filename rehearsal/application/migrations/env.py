"""What Alembic runs for each command: all steps in the connection that `migration.migrate` opened."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
