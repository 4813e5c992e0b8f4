"""The platform's own settings with what a test run needs: no .env file, a throw-away key.

The app database is a SQLite file of this process (a live server asks it from threads of its own),
or, with TEST_APP_DATABASE=mariadb or mysql, the private server that
`python -m tests.servers -- …` started or the environment names.
"""

import os
import tempfile

os.environ["ENV_FILE"] = os.devnull
os.environ["DEBUG"] = "true"

from ecoin.settings import *  # noqa: F403
from ecoin.settings import DATABASES
from tests.servers import SERVERS, server_for_tests

AXES_ENABLED = False  # the tests of the lock-out turn it on
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if os.environ.get("TEST_APP_DATABASE") in SERVERS:
    _server = server_for_tests()
    DATABASES["default"] = {
        **_server.settings("app"),
        "ENGINE": "ecoin.mysql",
        "OPTIONS": {
            "charset": "utf8mb4",
            "isolation_level": "read committed",
            "init_command": "SET sql_mode='STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
            "local_infile": True,  # as the commands have it (ecoin/bulk/load_data.py)
        },
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"},
    }
else:
    file = f"{tempfile.gettempdir()}/ecoin-tests-{os.getpid()}.sqlite3"  # removed at the end
    DATABASES["default"]["TEST"] = {"NAME": file}
