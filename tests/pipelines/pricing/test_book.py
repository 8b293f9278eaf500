"""The price book: what it refuses, what it means."""

from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import InvalidInput
from pipelines.pricing import default_price_book, read_price_book
from pipelines.pricing.materials import MATERIAL_NAMES, MATERIALS

SHIPPED = files("pipelines.pricing").joinpath("price_book.toml").read_text()


def changed(old: str, new: str) -> str:
    assert SHIPPED.count(old) == 1
    return SHIPPED.replace(old, new)


def test_the_shipped_book_reads_alike_from_text_and_bytes() -> None:
    assert read_price_book(SHIPPED) == read_price_book(SHIPPED.encode()) == default_price_book()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('minimum_order = "8.00"', 'minimum_order = "-8.00"'),
        ('minimum_order = "8.00"', 'minimum_order = "NaN"'),
        ('minimum_order = "8.00"', 'minimum_order = "inf"'),
        ('minimum_order = "8.00"', "minimum_order = 8.5"),
        ('minimum_order = "8.00"', 'minimum_order = "eight"'),
        ('minimum_order = "8.00"', ""),
        ('minimum_order = "8.00"', 'minimal_order = "8.00"'),
        ('fdm_hour = "1.20"', 'fdm_hour = "-1.20"'),
        ('EUR = "0.90"', 'EUR = "0"'),
        ('EUR = "0.90"', ""),
        ("set_on = 2026-11-02", 'set_on = "yesterday"'),
        ('currency = "USD" ', 'currency = "XXX" '),
        ("valid_days = 14", "valid_days = 0"),
        ('share = "0.40"', 'share = "0.01"'),
        ("from_unit = 1\n", "from_unit = 2\n"),
        ("from_unit = 10\n", "from_unit = 5\n"),
        ("[material_price_per_kg]", '[material_price_per_kg]\nunobtainium = "1"'),
        ("[material_price_per_kg]", '[material_price_per_kg]\npla = "-1"'),
        ("[machine]", "[machine"),
    ],
)
def test_a_wrong_book_is_one_error_that_says_where(old: str, new: str) -> None:
    with pytest.raises(InvalidInput, match="price book"):
        read_price_book(changed(old, new))


@given(junk=st.one_of(st.text(max_size=80), st.binary(max_size=80)))
def test_junk_is_refused_with_one_error(junk: str | bytes) -> None:
    with pytest.raises(InvalidInput):
        read_price_book(junk)


def test_a_book_too_long_is_not_read() -> None:
    with pytest.raises(InvalidInput, match="at most"):
        read_price_book("#" * 200_000)


def test_the_books_own_prices_go_before_the_material_table() -> None:
    book = read_price_book(changed("[material_price_per_kg]", '[material_price_per_kg]\npla = "19.90"'))
    assert book.price_per_kg("pla") == Decimal("19.90")
    assert book.price_per_kg("petg") == MATERIALS["petg"].price_per_kg_minor / 100


def test_a_book_in_another_currency_converts_the_material_table() -> None:
    book = read_price_book(changed('currency = "USD" ', 'currency = "BRL" '))
    assert book.rate("USD") == Decimal(1) / Decimal("5.40")
    assert book.price_per_kg("pla") == pytest.approx(Decimal("22.00") * Decimal("5.40"))


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("pla", 1.22, 1.26),
        ("petg", 1.25, 1.29),
        ("abs", 1.02, 1.07),
        ("asa", 1.05, 1.09),
        ("tpu", 1.19, 1.23),
        ("nylon", 1.00, 1.16),
        ("resin", 1.08, 1.20),
    ],
)
def test_densities_are_those_of_data_sheets(name: str, low: float, high: float) -> None:
    assert low <= MATERIALS[name].density_g_cm3 <= high  # type: ignore[index]


def test_every_material_is_whole_and_says_its_sources() -> None:
    assert tuple(MATERIALS) == MATERIAL_NAMES
    for material in MATERIALS.values():
        assert material.price_per_kg_minor > 0
        assert not set(material.uses) & set(material.not_for)
        assert material.sources
        assert material.food_contact
        if material.process.name == "fdm":
            assert material.nozzle_c is not None
            assert material.bed_c is not None
            assert 180 <= material.nozzle_c.low < material.nozzle_c.high <= 300
            assert material.max_flow_mm3_s > 0
