"""`python -m rehearsal.application.migration`: bring the schema of DATABASE_URL's database up to date."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError

SCRIPTS = Path(__file__).parent / "migrations"


def migrate(database_url: str) -> None:
    """Apply each migration that the database hasn't had, all or none of them."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def main() -> int:
    """Exit code 0 when the schema is up to date, 1 with a message when it isn't."""
    database_url = os.environ.get("DATABASE_URL")
    if not database_url:
        sys.stderr.write("error: DATABASE_URL isn't set\n")
        return 1
    try:
        migrate(database_url)
    except (SQLAlchemyError, CommandError) as error:
        # The driver's own words; SQLAlchemy's could repeat parameters.
        sys.stderr.write(f"error: the migration failed: {' '.join(str(getattr(error, 'orig', error)).split())}\n")
        return 1
    sys.stdout.write("the schema is up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
