"""The database: transactions, the tables of entities, records, queries, the log. SQLAlchemy is seen nowhere above."""

from dealwright.storage.database import Connection, Database

__all__ = ["Connection", "Database"]
