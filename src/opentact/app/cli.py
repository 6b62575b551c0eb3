"""The command line: `opentact serve`, `demo`, and the operator's tools (design 4).

Each command is a module of its own that is loaded when it is asked for: `opentact --help` and
a mistyped option answer at once, and a tool does not wait for the web server it does not use.
"""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from opentact.kit.faults import Fault

COMMANDS = {
    "serve": ("cli_serve:serve_app", "Start everything: HTTP, websockets, SIP, media and speech."),
    "demo": (
        "cli_serve:demo_app",
        "Watch the main job: order a number, attach a call flow, call it, see what is left.",
    ),
    "account": ("cli_operator:account_app", "Open accounts: who owns numbers, calls and money."),
    "token": ("cli_operator:token_app", "Make API tokens."),
    "credit": ("cli_operator:credit_app", "Give an account credit."),
    "carrier": ("cli_carrier:carrier_app", "The operator's carriers."),
    "ban": ("cli_ban:ban_app", "Who is kept out of SIP, and why."),
    "drill": ("cli_drill:drill_app", "Play attacks, and see what stops them."),
    "sip": ("cli_sip:sip_app", "SIP domains, and the users that register at them."),
    "rates": ("cli_rates:rates_app", "Rate decks: what outgoing calls cost."),
    "numbers": ("cli_numbers:numbers_app", "The inventory, and the life of leases."),
    "call": (
        "cli_call:call_app",
        "Call somebody (`call TO --flow FILE`), and explain calls: what happened, and why.",
    ),
    "batch": ("cli_batch:batch_app", "Call every number of a CSV file once with a call flow."),
    "listen": ("cli_listen:listen_app", "Watch events as they happen."),
    "callflow": ("cli_callflow:callflow_app", "Check and rehearse call flows."),
    "simulate": ("cli_simulate:simulate_app", "Traffic from the simulated carrier."),
    "inspect": ("cli_inspect:inspect_app", "See what every living thing of the server is doing."),
    "db": ("cli_operator:db_app", "Look after the database."),
    "version": ("cli_version:version_app", "Print the version."),
}


def command(name: str) -> Any:
    """Load a command."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    return typer.main.get_command(getattr(import_module(f".{module}", __package__), attribute))


class _Later(TyperCommand):
    """Stands for a command until it is used."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        return command(str(self.name)).make_context(*args, **kwargs)


class _Commands(TyperGroup):
    """The commands of the table, in its order."""

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        known = COMMANDS.get(cmd_name)
        return _Later(cmd_name, help=known[1]) if known else None


app = typer.Typer(
    name="opentact", cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False
)


@app.callback()
def opentact() -> None:
    """Phone numbers, calls and text messages behind one API that anyone can run."""


def main() -> None:
    """Run a command; a refusal is one sentence, not a traceback."""
    try:
        app()
    except Fault as fault:
        sys.stderr.write(f"opentact: {fault}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
