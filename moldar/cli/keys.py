"""`moldar keys`: who may call the service. This version asks nobody for a key, and says so."""

from typing import Annotated

import typer

from moldar.cli.outcome import UNAVAILABLE, Failure

keys_app = typer.Typer(help="API keys of the service.", rich_markup_mode=None)


@keys_app.command("create")
def create_key(
    name: Annotated[str, typer.Option(help="Whose key it is.")],
    plan: Annotated[str, typer.Option(help="free, pro or studio.")] = "free",
) -> None:
    """Make a key."""
    raise _no_keys(f"a {plan} key for {name!r} cannot be made")


@keys_app.command("list")
def list_keys() -> None:
    """Show the keys."""
    raise _no_keys("there are none to list")


@keys_app.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Make a key invalid."""
    raise _no_keys(f"there is no key {key_id!r} to revoke")


@keys_app.command("credit")
def credit_key(
    key_id: Annotated[str, typer.Argument(metavar="ID")],
    amount: Annotated[float, typer.Argument(metavar="AMOUNT", help="Credits to add.")],
) -> None:
    """Add credit to a key."""
    raise _no_keys(f"{amount:g} credits cannot be given to {key_id!r}")


def _no_keys(what: str) -> Failure:
    return Failure(UNAVAILABLE, f"This version of the service has no accounts and asks nobody for a key, so {what}.")
