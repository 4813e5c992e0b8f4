"""SHOW GRANTS of MySQL 5.7, MySQL 8 and MariaDB: what is harmless, and that nothing else passes."""

import pytest

from legacy_import.source.grants import (
    Grant,
    WritableAccount,
    more_than_reads,
    parse_grants,
    wider_than_needed,
)

HASH = "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"

HARMLESS = {
    "mariadb_usage": f"GRANT USAGE ON *.* TO `reader`@`%` IDENTIFIED BY PASSWORD '{HASH}'",
    "mariadb_via": f"GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED VIA ed25519 USING '{HASH}'",
    "mariadb_two_logins": "GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED VIA mysql_native_password"
    f" USING '{HASH}' OR unix_socket",
    "mariadb_require": "GRANT USAGE ON *.* TO `r`@`%` REQUIRE SSL",
    "mariadb_require_subject": "GRANT USAGE ON *.* TO `r`@`%` REQUIRE SUBJECT '/CN=x' ISSUER '/CN=y'",
    "mariadb_limits": "GRANT USAGE ON *.* TO `r`@`%` WITH MAX_QUERIES_PER_HOUR 500"
    " MAX_USER_CONNECTIONS 2 MAX_STATEMENT_TIME 10.000000",
    "mariadb_table": "GRANT SELECT ON `ecoin`.`stagiaires` TO `reader`@`10.0.0.%`",
    "mysql57": "GRANT SELECT ON `ecoin`.* TO 'reader'@'%'",
    "mysql57_hash": f"GRANT USAGE ON *.* TO 'r'@'%' IDENTIFIED BY PASSWORD '{HASH}' REQUIRE NONE",
    "mysql8": "GRANT SELECT, SHOW VIEW ON `ecoin`.* TO `reader`@`%`",
    "mysql8_global": "GRANT SELECT, SHOW DATABASES ON *.* TO `reader`@`localhost`",
    "columns": "GRANT SELECT (`id`, `nom`), SHOW VIEW ON `ecoin`.`stagiaires` TO `r`@`%`",
    "columns_unquoted": "GRANT SELECT (id, nom) ON `ecoin`.`stagiaires` TO 'r'@'%'",
    "escaped_wildcards": r"GRANT SELECT ON `ecoin\_legacy`.* TO `reader`@`%`",
    "odd_names": "GRANT SELECT ON `old ``db`.`GRANT OPTION` TO `re'ader`@`%`",
    "bare_host": "GRANT SELECT ON `ecoin`.* TO `reader`",
}

HARMFUL = {
    "all": "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION",
    "all_of_database": "GRANT ALL PRIVILEGES ON `ecoin`.* TO 'app'@'%'",
    "insert": "GRANT SELECT, INSERT ON `ecoin`.* TO 'app'@'%'",
    "update_one_column": "GRANT SELECT, UPDATE (`nom`) ON `ecoin`.`stagiaires` TO `r`@`%`",
    "references": "GRANT SELECT, REFERENCES ON `ecoin`.* TO 'app'@'%'",
    "create_temporary": "GRANT SELECT, CREATE TEMPORARY TABLES ON `ecoin`.* TO 'app'@'%'",
    "lock_tables": "GRANT SELECT, LOCK TABLES ON `ecoin`.* TO 'app'@'%'",
    "execute": "GRANT EXECUTE ON PROCEDURE `ecoin`.`wipe` TO `r`@`%`",
    "execute_function": "GRANT EXECUTE ON FUNCTION `ecoin`.`f` TO `r`@`%`",
    "file": "GRANT FILE ON *.* TO `r`@`%`",
    "process": "GRANT SELECT, PROCESS ON *.* TO `r`@`%`",
    "super": "GRANT SUPER ON *.* TO `r`@`%`",
    "dynamic": "GRANT BACKUP_ADMIN,SYSTEM_VARIABLES_ADMIN ON *.* TO `r`@`%`",
    "mariadb_admin": "GRANT READ_ONLY ADMIN ON *.* TO `r`@`%`",
    "delete_history": "GRANT SELECT, DELETE HISTORY ON `ecoin`.* TO `r`@`%`",
    "grant_option": "GRANT SELECT ON `ecoin`.* TO 'r'@'%' WITH GRANT OPTION",
    "grant_option_among_limits": "GRANT USAGE ON *.* TO 'r'@'%'"
    " WITH MAX_QUERIES_PER_HOUR 5 GRANT OPTION",
    "proxy": "GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION",
    "proxy_plain": "GRANT PROXY ON `app`@`%` TO `r`@`%`",
    "role": "GRANT `reporting` TO `r`@`%`",
    "role_mysql8": "GRANT `reporting`@`%` TO `r`@`%`",
    "role_admin": "GRANT `reporting` TO `r`@`%` WITH ADMIN OPTION",
    "default_role": "SET DEFAULT ROLE `reporting` FOR `r`@`%`",
    "partial_revoke": "REVOKE INSERT ON `mysql`.* FROM `r`@`%`",
    "unknown_tail": "GRANT SELECT ON `ecoin`.* TO `r`@`%` FROBNICATE",
    "cut_off": "GRANT SELECT ON `ecoin",
    "nothing": "",
    "something_else": "Query OK",
    "no_target": "GRANT SELECT ON `ecoin`.*",
}


@pytest.mark.parametrize("line", HARMLESS.values(), ids=HARMLESS)
def test_reading_grants_are_harmless(line: str) -> None:
    (grant,) = parse_grants([line])
    assert grant.harmless, grant


@pytest.mark.parametrize("line", HARMFUL.values(), ids=HARMFUL)
def test_anything_more_is_not(line: str) -> None:
    (grant,) = parse_grants([line])
    assert not grant.harmless, grant


@pytest.mark.parametrize("line", [*HARMLESS.values(), *HARMFUL.values()])
def test_a_password_hash_never_leaves_the_parser(line: str) -> None:
    grants = parse_grants([line, f"GRANT junk IDENTIFIED '{HASH}' ("])
    told = f"{[grant.as_dict() for grant in grants]} {WritableAccount(more_than_reads(grants))}"
    assert "2470C0C0" not in told


def test_privileges_columns_and_scope_are_parsed() -> None:
    (grant,) = parse_grants([HARMLESS["columns"]])
    assert grant == Grant(("SELECT", "SHOW VIEW"), "ecoin.stagiaires", ("id", "nom"))
    assert parse_grants([HARMLESS["escaped_wildcards"]])[0].scope == "ecoin_legacy.*"


def test_reading_more_than_the_four_tables_is_noted() -> None:
    grants = parse_grants(
        [HARMLESS["mariadb_usage"], HARMLESS["mariadb_table"], HARMLESS["mysql8"]]
    )
    tables = ["stagiaires", "archives"]
    assert wider_than_needed(grants, "ecoin", tables) == ["SELECT, SHOW VIEW on ecoin.*"]


def test_the_refusal_names_the_privileges_and_the_way_out() -> None:
    error = WritableAccount(more_than_reads(parse_grants([HARMLESS["mysql57"], HARMFUL["insert"]])))
    assert error.exit_code == 3
    assert "INSERT on ecoin.*" in error.message
    assert "--allow-writable-source" in error.hint
