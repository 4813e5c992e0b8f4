"""Fetch a real MySQL server for the tests, without installing anything on the machine.

    python -m scripts.mysql_server     fetches it where it is missing, and prints its folder

As root on Debian: apt resolves and downloads the server of Debian's unstable suite, with the
libraries and the libc of that suite, with a separate state, lists and cache; `dpkg-deb -x` unpacks
the packages into a folder that `chroot` makes the root of `mysqld`. The mirror is the one that this
machine's own apt sources use. About 100 MB are downloaded, once for all checkouts of a user; remove
the folder to fetch a newer one. tests/servers.py starts the server.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUITE = "unstable"  # Debian's other suites have MariaDB only
PACKAGE = "mysql-server-core"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MYSQLD = "/usr/sbin/mysqld"  # seen from inside the folder
NEEDED_PROGRAMS = ("apt-get", "dpkg-deb", "chroot")
MERGED = ("bin", "sbin", "lib", "lib64")  # packages of today's Debian fill these below usr/ only
INSTEAD = (
    "Name a MySQL 8 or 9 that tests may use: TEST_MYSQL_HOST, TEST_MYSQL_PORT, TEST_MYSQL_USER and "
    "TEST_MYSQL_PASSWORD, an account that may do everything. Or run this as root on Debian, where a "
    "server is fetched into a separate folder and nothing is installed."
)


class NoMySQL(RuntimeError):
    """No MySQL can be fetched here; the message says why, and what to do instead."""

    def __init__(self, why: str) -> None:
        super().__init__(f"No MySQL server: {why}\n{INSTEAD}")


def default_folder() -> Path:
    """Where the server of this user is, or will be: one for all checkouts."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "ecoin-legacy-import" / "mysql"


def fetch(folder: Path | None = None) -> Path:
    """The root folder of an unpacked server; fetched if it is not there. Raises NoMySQL."""
    folder = folder or default_folder()
    root = folder / "root"
    with _alone_in(folder):
        if not _runs(root):
            _require_what_it_takes()
            print("Fetching a MySQL server into a separate folder …", file=sys.stderr)
            shutil.rmtree(root, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=folder) as work:
                packages = _download(Path(work))
                unpacked = _unpack(packages, Path(work) / "root")
                if not _runs(unpacked):
                    raise NoMySQL(f"{PACKAGE} was unpacked, but does not run on this machine.")
                unpacked.rename(root)
    return root


def version(root: Path) -> str:
    """What the server says of itself: 'Ver 9.7.4-2 for Linux on x86_64 …'."""
    ended = subprocess.run(
        ["chroot", str(root), MYSQLD, "--no-defaults", "--version"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return ended.stdout.strip()


def _runs(root: Path) -> bool:
    if not (root / MYSQLD.lstrip("/")).exists():
        return False
    try:
        version(root)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _require_what_it_takes() -> None:
    if os.geteuid() != 0:
        raise NoMySQL("only root may fetch one (chroot).")
    missing = [name for name in NEEDED_PROGRAMS if not shutil.which(name)]
    if missing:
        raise NoMySQL(f"this machine has no {', '.join(missing)}.")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Test runs that start at the same time fetch the server once."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _mirror() -> str:
    """The address from which this machine's apt takes Debian. It is in no file of this project."""
    form = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
    told = _run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    for line in told.splitlines():
        address, release, component, origin = line.split("|")
        # Where no lists are downloaded yet, the origin is not known. Updates and security have a dash.
        debian = origin == "Debian" or origin.startswith("$(")
        if debian and component == "main" and "-" not in release:
            return address
    raise NoMySQL("no apt source of this machine is Debian's main archive.")


def _download(work: Path) -> list[Path]:
    """The packages of the server and of all that it needs, libc included."""
    state, cache, sources = work / "state", work / "cache", work / "sources.list"
    (state / "lists" / "partial").mkdir(parents=True)
    (cache / "archives" / "partial").mkdir(parents=True)
    (state / "status").touch()  # nothing is installed, so everything is needed
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    sources.write_text(f"deb {signed}{_mirror()} {SUITE} main\n")
    own = {
        "Dir::State": state, "Dir::State::status": state / "status", "Dir::Cache": cache,
        "Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
        "APT::Default-Release": "", "APT::Sandbox::User": "root", "Acquire::Languages": "none",
    }  # fmt: skip
    apt = ["apt-get", "-q", "-y", *(f"-o{name}={value}" for name, value in own.items())]
    _run([*apt, "update"])
    _run([*apt, "--no-install-recommends", "--download-only", "install", PACKAGE])
    return sorted((cache / "archives").glob("*.deb"))


def _unpack(packages: list[Path], root: Path) -> Path:
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    (root / "tmp").mkdir(mode=0o1777)
    for package in packages:
        _run(["dpkg-deb", "-x", str(package), str(root)])
    return root


def _run(command: list[str]) -> str:
    """What the program printed. Raises NoMySQL with its last words where it fails."""
    ended = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}, check=False
    )
    if ended.returncode:
        last = "\n".join((ended.stderr or ended.stdout).strip().splitlines()[-5:])
        raise NoMySQL(f"{command[0]} {command[-1]} failed:\n{last}")
    return ended.stdout


def main() -> int:
    try:
        root = fetch()
    except NoMySQL as error:
        print(error, file=sys.stderr)
        return 1
    print(root)
    print(version(root), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
