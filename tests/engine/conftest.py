"""What only a server can do is not collected where the app database is a file."""

from tests.processes import ON_SERVER

collect_ignore = [] if ON_SERVER else ["test_attempts.py", "test_deadlocks.py"]
