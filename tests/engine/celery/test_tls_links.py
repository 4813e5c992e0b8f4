"""A worker whose encrypted link to the source is cut reads its chunk again."""

import subprocess
from pathlib import Path

import pytest

from legacy_import.demo.dump_writer import write_dump
from legacy_import.demo.people import generate
from tests.certificates import create_authority, new_tls_server
from tests.engine.celery.running import Cluster
from tests.legacy_database import readable
from tests.relay import Relay

pytestmark = pytest.mark.own_server("a server with a certificate of its own")
ROWS = 6_000  # four chunks, of about 700 KB each


def test_workers_whose_links_to_the_source_are_cut_read_their_chunks_again(
    cluster: Cluster, tmp_path: Path
) -> None:
    with new_tls_server(create_authority(tmp_path)) as server:
        legacy = readable(server, server.create_database("school"))
        dump = tmp_path / "school.sql"
        with dump.open("wb") as stream:
            write_dump(generate(ROWS, seed=7), stream)
        with dump.open("rb") as stream:
            subprocess.run(server.client(legacy.name), stdin=stream, check=True)
        # The command has the first link; a worker opens one for each chunk.
        # Spared are the two connections of the command: it looks whether the server has TLS first.
        with Relay(server.port, "cut", after=200_000, spare=2, times=2) as relay:
            cluster.source = legacy.environment() | {
                "LEGACY_DB_PORT": str(relay.port), "LEGACY_DB_SSL_MODE": "REQUIRED",
            }  # fmt: skip
            cluster.two_workers()
            cluster.manage("legacy_import")
            assert relay.hits == 2
    assert cluster.logs().count("is tried again (SourceLost)") == 2
    assert cluster.app.one("SELECT COUNT(*) FROM legacy_student_imports") == ROWS
    assert cluster.app.rows("SELECT * FROM legacy_chunk_failures") == []
