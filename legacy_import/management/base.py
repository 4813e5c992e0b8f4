"""The base class of all commands of the import: arguments, signals, errors, exit codes."""

import getpass
import os
import shlex
import signal
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import Tags
from django.core.management.base import BaseCommand
from django.db import Error as AnyDatabaseError
from django.db import connection

from ecoin import bulk
from ecoin.database import waiting_for_restarts
from legacy_import.errors import Interrupted, LegacyImportError
from legacy_import.management.app_errors import app_database_error
from legacy_import.management.notification import CommandEnd, end_of, notify
from legacy_import.management.printer import LOOK_AROUND, CommandResult, json_text, print_result
from legacy_import.management.stop_deadline import StopDeadline
from legacy_import.management.terminal import Terminal, TerminalProgress, stop_signals
from legacy_import.permissions import APP_LABEL, MAP


class LegacyCommand(BaseCommand):
    """Parse the arguments, call one service through `work` and print its result.

    Subclasses set `help` and define `work`. `repeated_options` are the options that an interrupted
    command prints in the command line that continues its work.
    """

    # Settings and models. Checking addresses and templates would load every view, which takes longer
    # than starting Django; `manage.py check` does it before a deployment.
    requires_system_checks = (Tags.compatibility, Tags.models)
    permission = MAP  # that an --actor must have
    run_argument = True
    run_required = False
    run_help = ""
    repeated_options: tuple[str, ...] = ("run",)
    notifies = True  # LEGACY_IMPORT_NOTIFY: a mail when it ends or stops
    terminal: Terminal
    progress: TerminalProgress

    def add_arguments(self, parser: ArgumentParser) -> None:
        if self.run_argument:
            default = "" if self.run_required else "; default: the latest run"
            parser.add_argument(
                "--run", type=int, metavar="RUN", required=self.run_required,
                help=self.run_help or f"the run's number{default}",
            )  # fmt: skip
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object on stdout and nothing else"
        )
        parser.add_argument(
            "--actor", metavar="USERNAME", help="record this user instead of cli:<system user>"
        )

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        """Call the service and return what to print. Raises LegacyImportError."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    def same_command(self, options: Mapping[str, Any]) -> str:
        """The same command with the same options, without `manage.py`."""
        words = [self.name]
        for name in self.repeated_options:
            value = options.get(name)
            if value is not None and value is not False:
                words.append(f"--{name.replace('_', '-')}")
                words += [] if value is True else [shlex.quote(str(value))]
        return " ".join(words)

    def handle(self, *args: Any, **options: Any) -> None:
        start_time = time.monotonic()
        self.terminal = Terminal(
            out=getattr(self.stdout, "_out", sys.stdout),
            err=getattr(self.stderr, "_out", sys.stderr),
            quiet=options["json"],
            verbosity=options["verbosity"],
            color=not options["no_color"],
        )
        self.progress = TerminalProgress(self.terminal)
        bulk.allow_files()
        try:
            with (
                StopDeadline(lambda: self._report_stuck(options, start_time)),
                stop_signals(self._stop),
                self.progress,
                waiting_for_restarts(connection, self._note_restart),
                bulk.fewer_collections(),
            ):
                result = self.work(options, self._actor(options["actor"]))
        except LegacyImportError as error:
            self._report_error(error, options, start_time)
        except AnyDatabaseError as error:
            self._report_error(app_database_error(error), options, start_time)
        except Exception as error:
            self._notify_defect(error, options, start_time)
            raise
        else:
            self._report_result(result, options, start_time)

    def _note_restart(self) -> None:
        self.terminal.note("The app database went away; waiting up to half a minute for it.")

    def _report_result(
        self, result: CommandResult, options: Mapping[str, Any], start_time: float
    ) -> None:
        seconds = self._work_seconds(start_time)
        if options["json"]:
            self._print_json(result, seconds)
        else:
            print_result(self.terminal, result, seconds)
        if result.problem:
            self.terminal.error(*result.problem)
        self._notify(end_of(self.name, result, seconds))
        if result.exit_code:
            sys.exit(result.exit_code)

    def _report_error(
        self, error: LegacyImportError, options: Mapping[str, Any], start_time: float
    ) -> None:
        if isinstance(error, Interrupted) and not error.hint:
            error.hint = f"Run it again: manage.py {self.same_command(options)}"
        error.hint = error.hint or f"manage.py {LOOK_AROUND}"
        self.terminal.error(error.message, error.hint, unbroken=isinstance(error, Interrupted))
        seconds, problem = self._work_seconds(start_time), (error.message, error.hint)
        result = CommandResult(options.get("run"), "", {}, problem=problem)
        if options["json"]:
            self._print_json(result, seconds)
        self._notify(end_of(self.name, result, seconds, exit_code=error.exit_code))
        sys.exit(error.exit_code)

    def _notify_defect(
        self, error: Exception, options: Mapping[str, Any], start_time: float
    ) -> None:
        """A mistake of this software: its text may contain values, so only its class is sent."""
        words = f"{type(error).__name__}; the traceback is on the terminal."
        result = CommandResult(options.get("run"), "", {}, problem=(words, ""))
        self._notify(end_of(self.name, result, self._work_seconds(start_time), exit_code=1))

    def _notify(self, end: CommandEnd) -> None:
        """Signals change nothing any more: the work is done, and the exit code is known."""
        if not self.notifies:
            return
        with stop_signals(lambda number, frame: None):
            if problem := notify(end):
                self.terminal.note(problem)

    def _print_json(self, result: CommandResult, seconds: float) -> None:
        encoding = getattr(self.stdout, "encoding", None)
        self.stdout.write(json_text(self.name, result, seconds, encoding))

    def _report_stuck(self, options: Mapping[str, Any], start_time: float) -> None:
        """Called in another thread, after which the process ends."""
        with suppress(SystemExit):
            self._report_error(
                Interrupted("Stopped at once: a database did not answer. The chunk in progress was"
                            " not saved."), options, start_time)  # fmt: skip
        sys.stdout.flush()

    def _work_seconds(self, start_time: float) -> float:
        return time.monotonic() - start_time - self.terminal.waited

    def _actor(self, username: str | None) -> str:
        if username is None:
            return f"cli:{_system_user()}"
        user = get_user_model()._default_manager.filter(username=username).first()
        problem = self._why_not(user)
        if problem:
            raise LegacyImportError(
                f"--actor names {problem}.",
                hint="Give the username of a user who may do this on the screens, or leave --actor out:"
                " then the system user is recorded.",
                exit_code=2,
            )
        return username

    def _why_not(self, user: Any) -> str:
        """Why the user cannot be the actor of this command; "" if nothing is in the way."""
        permission = f"{APP_LABEL}.{self.permission}"
        if user is None:
            return "a user that does not exist"
        if not user.is_active:
            return "a user who is deactivated"
        if self.permission and not user.has_perm(permission):
            return f"a user without the permission {permission}"
        return ""

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-C and SIGTERM end the work at the next chunk boundary; a second Ctrl-C at once."""
        if self.progress.stopping and number == signal.SIGINT:
            raise Interrupted("Stopped at once; the current chunk was not saved.")
        self.progress.stopping = True
        self.terminal.note("Stopping after the current chunk …")


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return f"uid {os.getuid()}"


def positive(value: str) -> int:
    """A whole number from one to the largest of a 64-bit column, for argparse."""
    if not value.isdigit() or not 1 <= int(value) < 2**63:
        raise ArgumentTypeError("must be a whole number, 1 or more")
    return int(value)


LARGEST_BATCH = 5_000  # rows


def batch_size(value: str) -> int:
    """`--batch`: rows in one transaction, for argparse."""
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= LARGEST_BATCH):
        raise ArgumentTypeError(f"must be a whole number from 1 to {LARGEST_BATCH:,}")
    return int(value)
