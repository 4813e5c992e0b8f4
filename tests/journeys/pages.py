"""A page of the docs in a terminal: every line of its `console` blocks, as written and in order.

`output` blocks are what the reader sees of the line before. `text` blocks are forms: they do nothing
as they are written, and are filled in by a test. What a page cannot know about this machine (how the
servers are reached, the names of databases that tests share) is in the variables that its first lines
export: `fills` has other values for them.
"""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.database_server import START_ATTEMPTS, free_port
from tests.processes import ROOT, Ended, environment

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$|^##+ (?:(\d+)\. )?(.+?)$", re.DOTALL | re.MULTILINE)
# A statement with text for its stdin is one line up to the end mark; so is one that goes on after a \.
STATEMENT = re.compile(r"^.+<<(\w+)\n(?:.*\n)*?\1$|^(?:.*\\\n)*.+$", re.MULTILINE)
MANAGE = ".venv/bin/python manage.py "
START_SECONDS = 120
OUR_COMMAND = re.compile(rf"^{re.escape(MANAGE)}(legacy_\w+)")


@dataclass(frozen=True)
class Line:
    """One statement. `step`: its heading, by number if it has one; `code`: what it has to end with."""

    step: int | str
    kind: str  # console, output or text
    text: str
    code: int = 0


def lines_of(page: str) -> list[Line]:
    """Every statement and every output, in the order of the page."""
    found: list[Line] = []
    step: int | str = 0
    for kind, body, number, heading in FENCE.findall(page):
        step = int(number) if number else heading or step
        if kind == "output":
            found.append(Line(step, kind, body))
        elif kind in ("console", "text"):
            for match in STATEMENT.finditer(body):
                command, _, code = match[0].partition("  # exit ")
                found.append(Line(step, kind, command, int(code or 0)))
    return found


@dataclass
class Shell:
    """A terminal of the reader. `env_file`: where the page's `.env` is here; `answer`: what is typed.

    What a line exports is there for the lines after it.
    """

    folder: Path
    fills: Mapping[str, str]
    answer: str = ""
    env: dict[str, str] = field(default_factory=dict)
    ended: list[tuple[Line, Ended]] = field(default_factory=list)

    def __post_init__(self) -> None:
        base = environment(None)
        self.env = {key: value for key, value in base.items() if key not in ("ENV_FILE", "DEBUG")}
        self.env |= {"HOME": str(self.folder), "AFTER": str(self.folder / "after")}

    @property
    def env_file(self) -> Path:
        return self.folder / "checkout.env"

    def run(self, line: Line) -> Ended:
        """Run the line. Fails if it ends otherwise than the page shows, or prints no next step."""
        ended = self.bash(line.text)
        assert ended.code == line.code, f"{line.text}\n{ended.out}\n{ended.err}"
        assert "Traceback" not in ended.err
        if OUR_COMMAND.match(line.text):
            assert_next_step(line, ended)
        self.ended.append((line, ended))
        return ended

    def bash(self, text: str) -> Ended:
        """What bash makes of it, in the folder of the checkout."""
        for name, value in self.fills.items():
            text = re.sub(rf'\b{name}=(?:"[^"]*"|\S+)', f"{name}={shlex.quote(value)}", text)
        text = re.sub(r"(?<![\w/.*$}])\.env\b(?!\.)", shlex.quote(str(self.env_file)), text)
        text = text.replace(".venv/bin/python", shlex.quote(sys.executable))
        # A page's own settings, unless it names a file.
        env = {"ENV_FILE": str(self.env_file), **self.env}
        done = subprocess.run(
            ["bash", "-c", f"set -eo pipefail\n{text}\nenv -0 > $AFTER"], env=env, cwd=ROOT,
            input=f"{self.answer}\n", text=True, encoding="utf-8", capture_output=True,
            timeout=300, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            after = Path(self.env["AFTER"]).read_text("utf-8").split("\0")
            self.env = dict(pair.split("=", 1) for pair in after if "=" in pair)
        return Ended(done.returncode, done.stdout, done.stderr)

    def assert_shown(self, output: Line) -> None:
        """Each line of the output block was printed, in its order, by the line before; … is any text.

        The order of a terminal's two streams is not known here.
        """
        line, ended = self.ended[-1]
        streams = [" ".join(text.split()) for text in (ended.out, ended.err)]
        for text in output.text.splitlines():
            pattern = ".*?".join(re.escape(part) for part in " ".join(text.split()).split("…"))
            matches = [re.search(pattern, told) for told in streams]
            assert any(matches), f"{line.text}\n{text}\nwas not printed:\n{ended.out}\n{ended.err}"
            streams = [
                told[match.end() :] if match else told
                for told, match in zip(streams, matches, strict=True)
            ]


def assert_next_step(line: Line, ended: Ended) -> None:
    """Every command of the import ends with its next step, unless it prints JSON or into a file."""
    if "--json" in line.text or " > " in line.text:
        return
    told = (ended.err if ended.code else ended.out).rstrip().splitlines()
    # On a pipe, the next step of an error may take several lines.
    last = told[-4:] if ended.code else told[-1:]
    assert any(one.startswith("Next: ") for one in last), f"{line.text}\n{last}"


def shell_variables(page: str) -> set[str]:
    """What the lines of a page export."""
    exports = [line.text for line in lines_of(page) if line.text.startswith("export ")]
    return {name for text in exports for name in re.findall(r"\b([A-Z_]+)=", text)}


def server_fills(host: str, port: int, options: list[str], prefix: str) -> dict[str, str]:
    """How a page reaches a server, under the prefix of its variables."""
    return {
        prefix: shlex.join(options), f"{prefix}_HOST": host, f"{prefix}_PORT": str(port),
    }  # fmt: skip


def unique(name: str) -> str:
    """A name that no test process beside this one uses."""
    return f"{name}_{os.getpid()}"


@contextmanager
def running_server(shell: Shell, line: Line) -> Iterator[str]:
    """The line of the page, on a free port; when it answers, over HTTP, and is not led to HTTPS."""
    settings, _, words = line.text.partition(MANAGE)
    env = {"ENV_FILE": str(shell.env_file), **shell.env}
    env |= dict(pair.split("=", 1) for pair in settings.split())
    process, host = _started(words, env)
    try:
        with urlopen(f"{host}/admin/login/", timeout=60) as form:
            assert form.url.startswith("http://")
        yield host
    finally:
        process.terminate()
        process.wait(30)


def _started(words: str, env: Mapping[str, str]) -> "tuple[subprocess.Popen[bytes], str]":
    """The server's process once it answers, and its address; another port if somebody took it."""
    for _ in range(START_ATTEMPTS):
        host = f"localhost:{free_port()}"
        arguments = [*words.replace("localhost:8000", host).split(), "--noreload"]
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *arguments], env=env, cwd=ROOT,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if _answers(f"http://{host}/healthz"):
                return process, f"http://{host}"
            time.sleep(0.2)
        process.kill()
        process.wait()
    raise AssertionError(f"the server did not start: {words}")


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
