"""``toolkit``: the program, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from toolkit.base.errors import ToolkitError
from toolkit.base.texts import say
from toolkit.cli import forecast, intake, report, reproduce

EXIT_HELP = "Exit code 0: all well; 1: problems found; 2: the call itself was wrong."

app = typer.Typer(
    name="toolkit",
    help=f"Will the targets of a province's ethnic-affairs plan be met? {EXIT_HELP}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from toolkit.run.manifest import commit, versions

        print(f"langson-toolkit {versions()['langson-toolkit']} {commit()}".strip())
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print version and commit, and exit.")
    ] = False,
) -> None:
    """Hold the options that go before any command."""


for command in (
    report.report, report.params, reproduce.verify, reproduce.review, forecast.forecast, forecast.backtest,
    forecast.scenario, intake.check, intake.ingest, intake.undo, intake.history, intake.template,
):  # fmt: skip
    app.command(command.__name__)(command)


def main() -> None:
    """Run the program; a user's mistake ends in a message and an exit code, never in a traceback."""
    try:
        app()
    except ToolkitError as error:
        print(f"toolkit: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        reason = error.strerror or type(error).__name__
        print(f"toolkit: {say('cli.no_access', file=error.filename, reason=reason)}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(f"toolkit: {say('cli.stopped')}", file=sys.stderr)
        sys.exit(130)
