# make demo   a fictional old database, imported up to the plan, then the server (SERVE=0: without)
# make test   every check and test, on SQLite and on a private MariaDB
# make test-one T=tests/rules   some tests on one database (DB=sqlite, mariadb or mysql), in seconds
# make test-faults   only what is killed, cut off or doubled (DB=sqlite, mariadb or mysql); minutes
# make test-all   every test on every database, faults at every point; hours
# make screenshots   the pictures of docs/, of a fictional school, with Debian's Chromium
# make test-mysql   what can differ there, on a real MySQL (fetched as root on Debian, or TEST_MYSQL_*)
# make matching   how well people are told apart, next to the targets; minutes (benchmarks/matching)
# make bench   speed at 10,000 to 1,000,000 rows beside floor, Celery and rivals; an hour or so
#              (ARGS="--server mysql": on a MySQL; other ARGS: benchmarks/scale.py)
.PHONY: demo test test-one test-faults test-all test-mysql screenshots venv bench matching clean

demo:
	@bash scripts/demo.sh

test:
	@bash scripts/test.sh

DB ?= sqlite
test-one:
	@bash scripts/test_one.sh $(DB) $(T)

test-faults:
	@bash scripts/test_one.sh $(DB) tests/faults

test-all:
	@bash scripts/test.sh --all

test-mysql:
	@bash scripts/test_mysql.sh

screenshots:
	@bash scripts/setup.sh dev
	@.venv/bin/python -m scripts.screenshots

venv:
	@bash scripts/setup.sh run

bench:
	@bash scripts/setup.sh dev
	@.venv/bin/python -m benchmarks.scale $(ARGS)
	@.venv/bin/python -m benchmarks.screens $(filter --server% mariadb mysql,$(ARGS))

matching:
	@bash scripts/setup.sh dev
	@.venv/bin/python -m benchmarks.matching.quality

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis demo.env db.sqlite3* legacy_demo.sqlite3*
