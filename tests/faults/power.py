"""A private server that is really killed, and started again on what it left on disk."""

from tests.database_server import DatabaseServer
from tests.servers import new_server

# What a school's server does, and the tests' own does not: a COMMIT is on disk when it is answered.
DURABLE = (
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-doublewrite=1",
    "--innodb-flush-method=fsync",
)


def mortal_server() -> DatabaseServer:
    """Of the tests' kind; start it with `with`."""
    return new_server(*DURABLE)
