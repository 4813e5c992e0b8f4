"""Fixtures that every test may use."""

pytest_plugins = [
    "tests.server_marks", "tests.processes", "tests.source_fixtures", "tests.legacy_database",
]  # fmt: skip
