"""Fixtures that every test may use."""

pytest_plugins = ["tests.source_fixtures", "tests.legacy_database", "tests.processes"]
