"""Django database backend for a MySQL or MariaDB database that is only ever read."""
