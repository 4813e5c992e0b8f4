"""Django database backend for a SQLite file that is only ever read."""
