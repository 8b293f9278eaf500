"""Postage and tax of a quote, worked out by hand. Nine resin cubes come to 4208.77541 cents before both."""

from decimal import Decimal

import pytest

from pipelines.errors import InvalidInput
from pipelines.pricing import QuoteRequest, quote
from pipelines.printability import inspect
from tests.pipelines.pricing.orders import BOOK, ISSUED, amounts, priced, with_
from tests.pipelines.printability.shapes import as_mesh, block


def test_post_is_for_the_zone_and_taxed_as_it_says() -> None:
    # Nine pieces of 1.242 g and 50 g of packaging go for 4 dollars. Germany: 19 % of 4208.77541 + 400.
    found = priced(material="resin", quantity=9, ship_to="de")
    assert found.total_minor == 5484  # 5484.4427
    assert {line.code: line.label for line in found.lines if line.code in {"shipping", "tax"}} == {
        "shipping": "Post to Germany",
        "tax": "MwSt 19 %",
    }
    assert amounts(found)["shipping"] == 400
    assert found.unit_minor == round(4208.77541 * 1.19 / 9)
    assert found.ship_to == "de"
    collected = priced(material="resin", quantity=9, ship_to="pickup")
    assert amounts(collected) == amounts(priced(material="resin", quantity=9))


@pytest.mark.parametrize(
    ("quantity", "parcels"),
    [
        (1, "4.00"),
        (40, "4.00"),  # 40 * 1.242 + 50 = 99.7 g
        (41, "7.00"),
        (362, "7.00"),  # 499.6 g
        (363, "9.00"),
        (764, "9.00"),  # (1000 - 50) / 1.242 = 764.9 pieces fill a parcel
        (765, "13.00"),
        (3 * 764 + 41, "34.00"),
    ],
)
def test_parcels_are_filled_to_the_heaviest_tier_and_the_rest_goes_in_one_more(quantity: int, parcels: str) -> None:
    found = priced(material="resin", quantity=quantity, ship_to="de")
    assert amounts(found)["shipping"] == Decimal(parcels) * 100
    boxes = -(-quantity // 764)
    assert any(f"{boxes} parcels" in note for note in found.notes) == (boxes > 1)


def test_a_piece_that_no_parcel_holds_is_refused_in_one_sentence() -> None:
    heavy = with_(BOOK, shipping={"packaging_g": 999.5})
    with pytest.raises(InvalidInput, match="too heavy"):
        priced(book=heavy, ship_to="de")
    long = as_mesh(block((101, 10, 10)))
    with pytest.raises(InvalidInput, match="too long"):
        quote(long, inspect(long), QuoteRequest(ship_to="de"), BOOK, ISSUED, "q")
    assert priced(book=heavy, ship_to="pickup").total_minor > 0


def test_prices_that_hold_the_tax_are_shown_without_it_and_sum_to_what_the_book_says() -> None:
    gross, net = with_(BOOK, tax={"included": True}), with_(BOOK, tax={"share": "0"})
    found = priced(book=gross, material="resin", quantity=9)
    assert found.total_minor == priced(book=net, material="resin", quantity=9).total_minor == 4209
    assert amounts(found)["tax"] == 383  # 4208.77541 / 11
    assert amounts(found)["setup"] == 364  # 400 / 1.1
    abroad = priced(book=gross, material="resin", quantity=9, ship_to="de")
    assert abroad.total_minor == round(4608.77541 / 1.1 * 1.19)


def test_a_piece_too_small_to_weigh_is_sent_all_the_same() -> None:
    grain = as_mesh(block((0.11, 0.11, 0.11)))
    found = quote(grain, inspect(grain), QuoteRequest(ship_to="de", quantity=10_000), BOOK, ISSUED, "q")
    assert found.mass_g == 0.0
    assert amounts(found)["shipping"] == 400
