"""The laws of a price under any book that a shop may write."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import InvalidInput
from pipelines.pricing import PriceBook, read_price_book
from tests.pipelines.pricing.orders import BOOK, priced, with_

some = settings(max_examples=40, deadline=None)

amount = st.decimals(0, 50, places=2)
share = st.decimals(0, 2, places=3)


def falling(shares: list[Decimal], starts: list[int]) -> list[dict[str, Any]]:
    return [
        {"from_unit": start, "share": one}
        for start, one in zip([1, *sorted(starts)], sorted(shares, reverse=True), strict=False)
    ]


@st.composite
def books(draw: st.DrawFn) -> PriceBook:
    """A book that differs from the plain one in everything that the laws could rest on."""
    setup = draw(amount)
    grams = sorted(draw(st.sets(st.integers(60, 5000), min_size=1, max_size=4)))
    prices = sorted(draw(st.lists(amount, min_size=len(grams), max_size=len(grams))))
    tiers = [{"up_to_g": g, "up_to_mm": 400, "price": p} for g, p in zip(grams, prices, strict=True)]
    return with_(
        BOOK,
        order={
            "setup": setup,
            "setup_per_plate": draw(st.decimals(0, setup, places=2)),
            "minimum": draw(st.one_of(st.just(Decimal(0)), amount)),
        },
        machine={name: draw(amount) for name in ("fdm_hour", "resin_hour", "energy_kwh")},
        post_processing={name: draw(amount) for name in ("fdm_part", "resin_part", "support_removal_cm3")},
        failure={name: draw(share) for name in ("ok", "warning", "error")},
        margin={
            "tiers": falling(
                draw(st.lists(share, min_size=4, max_size=4)),
                draw(st.lists(st.integers(2, 40), max_size=3, unique=True)),
            )
        },
        shipping={"zones": [{"name": "there", "label": "There", "tiers": tiers}], "packaging_g": 10},
        tax={"share": draw(st.decimals(0, 1, places=3)), "included": draw(st.booleans())},
    )


asked = st.fixed_dictionaries(
    {
        "shape": st.sampled_from(["cube", "tee"]),
        "material": st.sampled_from(["pla", "resin"]),
        "currency": st.sampled_from(BOOK.currencies),
        "ship_to": st.sampled_from([None, "there"]),
    }
)


@some
@given(book=books(), request=asked, quantity=st.integers(1, 60))
def test_lines_sum_to_the_total_exactly(book: PriceBook, request: dict[str, Any], quantity: int) -> None:
    found = priced(book=book, quantity=quantity, **request)
    assert sum(line.amount_minor for line in found.lines) == found.total_minor
    assert all(line.amount_minor > 0 for line in found.lines)


@some
@given(book=books(), request=asked, quantities=st.tuples(st.integers(1, 60), st.integers(1, 60)).map(sorted))
def test_more_never_costs_less_in_all_nor_more_each(
    book: PriceBook, request: dict[str, Any], quantities: list[int]
) -> None:
    few, many = (priced(book=book, quantity=quantity, **request) for quantity in quantities)
    assert few.total_minor <= many.total_minor
    assert few.unit_minor >= many.unit_minor


@some
@given(book=books(), request=asked)
def test_a_band_is_of_the_whole_and_no_alternative_lies_about_its_saving(
    book: PriceBook, request: dict[str, Any]
) -> None:
    found = priced(book=book, quantity=3, **request)
    assert found.error_band >= 0
    assert all(other.saving_minor == found.total_minor - other.total_minor for other in found.alternatives)
    assert all(other.saving_minor > 0 for other in found.alternatives if other.kind not in {"material", "budget"})


def test_a_shop_may_print_for_nothing() -> None:
    free = PriceBook.model_validate(_zeroed(BOOK.model_dump()))
    found = priced("tee", free, quantity=5, ship_to="de", budget_minor=1)
    assert (found.total_minor, found.unit_minor, found.lines, found.error_band) == (0, 0, (), 0.0)


def _zeroed(value: Any) -> Any:
    """Every amount and share nothing, but for the rates of exchange."""
    if isinstance(value, dict):
        return {key: one if key == "rates" else _zeroed(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_zeroed(one) for one in value]
    return Decimal(0) if isinstance(value, Decimal) else value


@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet='[]{}="0123456789.-,\n#abcdefghijklmnopqrstuvwxyz_ ', max_size=200))
def test_no_text_brings_anything_but_a_book_or_one_sentence(text: str) -> None:
    try:
        assert isinstance(read_price_book(text), PriceBook)
    except InvalidInput as refusal:
        told = str(refusal)
        assert told.startswith("The price book is ")
