"""What only a file, and what only a server can refuse, is collected where it is the app database."""

from tests.processes import ON_SERVER

collect_ignore = ["test_file.py" if ON_SERVER else "test_server.py"]
