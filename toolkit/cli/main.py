"""``toolkit``: the program, and the one place where errors become messages and exit codes.

Nothing is imported with this module that takes time: Ctrl-C has to end in one line while the commands are still loaded.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import TextIO

    import typer

EXIT_HELP = "Exit code 0: all well; 1: problems found; 2: the call itself was wrong."
STOPPED = 130
"""Exit code of a program that Ctrl-C ended."""


def program() -> typer.Typer:
    """Return the program with all its commands."""
    from inspect import cleandoc

    import typer

    from toolkit.base.texts import texts
    from toolkit.cli import forecast, intake, report

    made = typer.Typer(
        name="toolkit",
        help=f"{texts('vi').t('cli.help.toolkit')}\n\n{texts('en').t('cli.help.toolkit')} {EXIT_HELP}",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    shown = typer.Option(False, "--version", is_eager=True, callback=_version, help="Print version and commit.")

    @made.callback()
    def options(version: bool = shown) -> None:
        """Hold the options that go before any command."""

    for command in (
        report.report, report.params, report.verify, report.review, forecast.forecast, forecast.backtest,
        forecast.scenario, forecast.explore, intake.check, intake.ingest, intake.undo, intake.history, intake.template,
        intake.requests,
    ):  # fmt: skip
        first = texts("vi").t(f"cli.help.{command.__name__}")  # --lang is not known yet: both languages
        made.command(command.__name__, help=f"{first}\n\n{cleandoc(command.__doc__ or '')}")(command)
    return made


def __getattr__(name: str) -> object:
    """Give the program itself as ``app``, made when it is first asked for."""
    if name == "app":
        return program()
    raise AttributeError(name)


def _version(asked: bool) -> None:
    if asked:
        import typer

        from toolkit.run.manifest import commit, versions

        print(f"langson-toolkit {versions()['langson-toolkit']} {commit()}".strip())
        raise typer.Exit


def main() -> None:
    """Run the program; a user's mistake, or a fault of the machine, ends in a message and an exit code."""
    closed = sys.stdout is None
    code: int | str | None = 1
    pressed = _watched()
    try:
        open_streams()
        code = _ended(pressed)
    except BaseException:  # a library may turn the interrupt into an error of its own
        if not pressed:
            raise
        code = STOPPED
    if pressed and code:
        code = STOPPED
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing takes long any more
        _tell("cli.stopped")
    if closed:
        _tell("cli.closed")
    if problem := _flushed(sys.stdout):
        _tell("cli.no_access", file="stdout", reason=problem)
        code = code or 1
    _flushed(sys.stderr)
    sys.exit(code)


LOADED: list[bool] = []
"""Not empty once the program is loaded."""


def _watched() -> list[int]:
    """Note from now on that Ctrl-C was pressed, in the list that is returned, and go on as Python does.

    While the program is loaded it waits: a library that is stopped half-way cannot be loaded again to say so.
    """
    pressed: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        if LOADED:
            signal.default_int_handler(number, frame)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, note)
    return pressed


def _ended(pressed: list[int]) -> int | str | None:
    """Run the program to its exit code."""
    from toolkit.base.errors import ToolkitError

    made = program()
    LOADED.append(True)
    if pressed:
        return STOPPED
    try:
        made()
    except SystemExit as end:
        return end.code
    except ToolkitError as error:
        _tell("cli.error", error=error)
        return error.exit_code
    except BrokenPipeError:
        return 1
    except (MemoryError, OSError) as error:
        name = getattr(error, "filename", None)
        reason = getattr(error, "strerror", None) or type(error).__name__
        _tell("cli.no_access" if name else "cli.fault", file=name, reason=reason)
        return getattr(error.__context__, "exit_code", 1)  # of the error that could not be told
    return 0


def open_streams() -> None:
    """Make standard streams that any text can be written to: UTF-8 wherever they lead, and nowhere if they are closed.

    What is printed may be redirected on a Vietnamese Windows (cp1258), in a container without a locale (ascii), or
    closed; the numbers of closed streams must not fall to files that we open.
    """
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(handle, True)
    os.close(handle)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  (as long as we run)
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _flushed(stream: TextIO) -> str:
    """Write what a stream still holds; if that cannot be, say why and let the rest go nowhere."""
    from contextlib import suppress

    try:
        stream.flush()
    except BrokenPipeError:
        reason = ""  # the reader has seen enough
    except OSError as error:
        reason = error.strerror or type(error).__name__
    else:
        return ""
    with suppress(OSError, ValueError):  # else Python would try once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return reason


def _tell(key: str, **fields: object) -> None:
    """Say on standard error what ended the program, as far as that can still be said."""
    from contextlib import suppress

    from toolkit.base.texts import say

    with suppress(OSError):
        print(f"toolkit: {say(key, **fields)}", file=sys.stderr, flush=True)
