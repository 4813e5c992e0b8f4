"""Rules are tested as tables and as properties; no database, and the same examples every time."""
