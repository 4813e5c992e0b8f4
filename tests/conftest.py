"""Fixtures that every test may use, and the examples that hypothesis makes: the same every time."""

import os

from hypothesis import settings

pytest_plugins = ["tests.source_fixtures", "tests.legacy_database", "tests.processes"]

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
