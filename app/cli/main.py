"""`pakta`: the table of contents of the commands. Exit codes: 0 yes, 1 the answer is no, 2 it could not be done."""

import signal
import sys

import typer

from app.cli.accounts import cli as accounts
from app.cli.bench import cli as bench
from app.cli.database import cli as database
from app.cli.demo import demo
from app.cli.doctor import doctor
from app.cli.failure import report
from app.cli.keys import cli as keys
from app.cli.log import cli as log
from app.cli.recap import recap
from app.cli.reminders import add_simulators
from app.cli.reminders import cli as reminders
from app.cli.roster import cli as rosters
from app.cli.rounds import cli as rounds
from app.cli.serve import serve, worker
from app.cli.simulate import cli as simulate
from app.cli.tokens import cli as tokens
from app.cli.verify import verify
from app.core.errors import AppError, CannotStart
from app.core.undumped import keep_out_of_dumps

cli = typer.Typer(
    name="pakta",
    help="Ikrar Netralitas and Pakta Integritas: rosters, rounds, signing, verification, compliance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command()(serve)
cli.command()(worker)
cli.command()(demo)
cli.command()(doctor)
cli.command()(recap)
cli.command()(verify)
cli.add_typer(rosters, name="roster")
cli.add_typer(rounds, name="round")
cli.add_typer(keys, name="keys")
cli.add_typer(log, name="log")
cli.add_typer(database, name="db")
cli.add_typer(tokens, name="token")
cli.add_typer(accounts, name="account")
cli.add_typer(bench, name="bench")
cli.add_typer(reminders, name="reminder")
add_simulators(simulate)
cli.add_typer(simulate, name="simulate")


def main() -> None:
    """Run a command; every refusal is one clear sentence and an exit code, never a traceback."""
    keep_out_of_dumps()
    # a service manager's stop is a Ctrl+C: what was started is stopped, the embedded database included
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cli(standalone_mode=True)
    except (AppError, CannotStart) as error:
        report(error)
        sys.exit(2)


if __name__ == "__main__":
    main()
