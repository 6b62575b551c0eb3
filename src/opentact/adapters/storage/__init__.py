"""The database: SQLite on a laptop, PostgreSQL for many nodes."""
