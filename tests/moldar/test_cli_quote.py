"""`moldar quote` as a shop's customer meets it, with the shop's own price book."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest
import trimesh

from moldar import wire
from moldar.cli.commands import dispatch
from moldar.cli.outcome import run

SHIPPED = files("pipelines.pricing").joinpath("price_book.toml").read_text()


@dataclass
class Done:
    """How one command ended."""

    code: int
    out: str
    err: str


Moldar = Callable[..., Done]


@pytest.fixture
def moldar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Moldar:
    """The command, run in this process with `tmp_path` as its folder, a box in it and a wide terminal."""
    trimesh.creation.box((20, 30, 40)).export(tmp_path / "box.stl")

    def call(*args: object, **variables: object) -> Done:
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            patch.setenv("COLUMNS", "160")
            for name, value in variables.items():
                patch.setenv(name, str(value))
            code = run(lambda: dispatch([str(arg) for arg in args]))
        return Done(code, *capfd.readouterr())

    return call


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A German shop that sells wood, takes its prices with their tax, and has old exchange rates."""
    text = SHIPPED.replace('currency = "USD" ', 'currency = "EUR" ').replace("Example prices of Moldar", "Holzwurm")
    text = text.replace('label = "Tax"\nshare = "0" ', 'label = "MwSt"\nshare = "0.19" ')
    text = text.replace("included = false", "included = true").replace('minimum = "8.00"', 'minimum = "25.00"')
    start = text.index("[rates]")
    text = text[:start] + text[start:].replace("dated = 2026-11-02", "dated = 2024-11-02", 1)
    wood = """
[materials.wood]
source = "Data sheet"
dated = 2026-11-02
price_per_kg = "32.00"
title = "Wood"
process = "fdm"
density_g_cm3 = 1.15
max_flow_mm3_s = 8.0
"""
    path = tmp_path / "shop.toml"
    path.write_text(text + wood)
    return path


def test_the_table_says_how_near_the_price_is_what_else_saves_and_whose_prices_they_are(moldar: Moldar) -> None:
    done = moldar("quote", "box.stl", "--quantity", 6, "--ship-to", "domestic", "--budget", "200")
    assert done.code == 0
    rows = {line.split("  ")[1].strip(): line for line in done.out.splitlines() if line.startswith("  ")}
    assert "computed within " in rows["Machine time"]
    assert "within" not in rows["Set-up"]
    assert "Shipping, domestic" in done.out
    assert "within " in rows["Total"]
    assert "until " in rows["Total"]
    assert "PETG instead of PLA" in done.out
    assert "saves $" in done.out
    assert "Largest size within the budget: " in done.out
    assert "Prices: Example prices of Moldar, 2026-11-02; exchange rates 2026-11-02" in done.out


def test_a_shops_own_book_is_priced_by(moldar: Moldar, book: Path) -> None:
    done = moldar("quote", "box.stl", "--material", "wood", MOLDAR_PRICE_BOOK=book)
    assert done.code == 0
    assert "1 × WOOD" in done.out
    assert "€25.00" in done.out
    assert "MwSt 19 %" in done.out
    assert "topped up to the least that this shop takes, 21.01 EUR" in done.out
    assert "Prices: Holzwurm" in done.out
    abroad = moldar("quote", "box.stl", "--currency", "JPY", "--quantity", 30, MOLDAR_PRICE_BOOK=book)
    assert "¥" in abroad.out
    assert "The exchange rate was set on 2024-11-02" in abroad.out


def test_json_carries_all_of_it(moldar: Moldar, book: Path) -> None:
    done = moldar("quote", "box.stl", "--ship-to", "abroad", "--budget", "90.50", "--json", MOLDAR_PRICE_BOOK=book)
    quote = wire.Quote.model_validate_json(done.out)
    assert (quote.currency, quote.ship_to) == ("EUR", "abroad")
    assert quote.price_book is not None
    assert quote.price_book.name == "Holzwurm"
    assert sum(line.amount_minor for line in quote.lines) == quote.total_minor
    assert {"shipping", "minimum"} <= {line.code for line in quote.lines}
    assert "tax" not in {line.code for line in quote.lines}  # exports bear none
    assert quote.notes
    (largest,) = (other for other in quote.alternatives if other.kind == "budget")
    assert largest.total_minor <= 9050
    assert largest.saving_minor == quote.total_minor - largest.total_minor
    assert largest.size_mm is not None
    assert largest.size_mm[2] == pytest.approx(40 * largest.scale, abs=0.02)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--currency", "XXX"], "has no 'XXX': choose one of USD, EUR, BRL"),
        (["--currency", "usd"], "currency"),
        (["--material", "unobtainium"], "no material 'unobtainium': choose one of pla"),
        (["--ship-to", "mars"], "ships to no 'mars': choose one of pickup"),
        (["--ship-to", "a b"], "ship_to"),
        (["--budget", "much"], "A budget is an amount such as 25.00"),
        (["--budget", "nan"], "smallest units"),
        (["--budget", "-5"], "budget_minor"),
        (["--budget", "0.001"], "smallest units of USD"),
        (["--budget", "12.50", "--currency", "JPY"], "smallest units of JPY"),
        (["--budget", "12", "--currency", "XXX"], "has no 'XXX'"),
        (["--quantity", "1000000000"], "quantity"),
        (["--quantity", "0"], "quantity"),
        (["--size-mm", "0"], "size_mm"),
        (["--size-mm", "10000"], "size_mm"),
        (["--size-mm", "1999"], "does not fit the printer"),
    ],
)
def test_what_the_shop_cannot_price_is_one_sentence(moldar: Moldar, args: list[str], words: str) -> None:
    done = moldar("quote", "box.stl", *args)
    assert (done.code, done.out) == (2, ""), done.err
    assert done.err.count("\n") == 1
    assert words in done.err


def test_a_wrong_book_is_named_with_the_place_of_what_is_wrong(moldar: Moldar, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(SHIPPED.replace('fdm_hour = "1.20"', 'fdm_hour = "-1.20"'))
    done = moldar("quote", "box.stl", MOLDAR_PRICE_BOOK=wrong)
    assert done.code == 2
    assert "MOLDAR_PRICE_BOOK" in done.err
    assert "machine.fdm_hour" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [("currency", "XXX", "'XXX'"), ("material", "wood", "'wood'"), ("ship-to", "mars", "'mars'")],
)
def test_generating_is_refused_before_a_service_is_started_for_it(
    moldar: Moldar, option: str, value: str, words: str
) -> None:
    done = moldar("generate", "a vase", f"--{option}", value)
    assert done.code == 2
    assert words in done.err
