"""The normalizers are tested as tables and as properties; no database."""
