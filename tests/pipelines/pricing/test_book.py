"""The price book: what it refuses and where, what it means."""

from contextlib import suppress
from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import InvalidInput
from pipelines.pricing import MATERIALS, default_price_book, read_price_book
from pipelines.pricing.materials import MATERIAL_NAMES
from pipelines.printability import RESIN
from tests.pipelines.pricing.orders import priced

SHIPPED = files("pipelines.pricing").joinpath("price_book.toml").read_text()

OWN = """
[materials.wood]
source = "Data sheet"
dated = 2026-11-02
price_per_kg = "32.00"
title = "Wood-filled PLA"
process = "fdm"
density_g_cm3 = 1.15
max_flow_mm3_s = 8.0
not_for = ["outdoor"]
"""


def changed(old: str, new: str) -> str:
    assert SHIPPED.count(old) == 1, old
    return SHIPPED.replace(old, new)


def test_the_shipped_book_reads_alike_from_text_and_bytes() -> None:
    assert read_price_book(SHIPPED) == read_price_book(SHIPPED.encode()) == default_price_book()


def test_the_shipped_book_says_of_every_group_where_its_figures_are_from_and_when() -> None:
    book = default_price_book()
    groups = (book.order, book.machine, book.post_processing, book.failure, book.margin, book.rates)
    assert all(group.source and group.dated for group in (*groups, *book.materials.values()))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('minimum = "8.00"', 'minimum = "-8.00"', "order.minimum: .* greater than or equal to 0, got '-8.00'"),
        ('minimum = "8.00"', 'minimum = "NaN"', "order.minimum: "),
        ('minimum = "8.00"', 'minimum = "inf"', "order.minimum: "),
        ('minimum = "8.00"', "minimum = 8.5", 'order.minimum: must be a string such as "12.50", not 8.5'),
        ('minimum = "8.00"', "minimum = true", "order.minimum: must be a string"),
        ('minimum = "8.00"', 'minimum = "eight"', "order.minimum: .*got 'eight'"),
        ('minimum = "8.00"', "", "order.minimum: it is missing"),
        ('minimum = "8.00"', 'minimum = "8.00"\nminimal = "8.00"', "order.minimal: a price book has no such name"),
        ('setup_per_plate = "1.50"', 'setup_per_plate = "3.50"', "order: setup_per_plate must not exceed setup"),
        ("breaks = [1, 5", "breaks = [5, 1", "order: breaks must go up"),
        ("breaks = [1, 5", "breaks = [0, 5", r"order.breaks\[1\]: "),
        ("most_pieces = 10000", "most_pieces = 1000000000", "order.most_pieces: "),
        ("valid_days = 14", "valid_days = 0", "order.valid_days: "),
        ("valid_days = 14", 'valid_days = "14"', "order.valid_days: "),
        ('fdm_hour = "1.20"', 'fdm_hour = "-1.20"', "machine.fdm_hour: .*got '-1.20'"),
        ("fdm_plate_mm = [220, 220]", "fdm_plate_mm = [220]", r"machine.fdm_plate_mm\[2\]: it is missing"),
        ("plate_gap_mm = 5", "plate_gap_mm = -5", "machine.plate_gap_mm: "),
        ('EUR = "0.90"', 'EUR = "0"', "rates.worth.EUR: .*greater than 0"),
        ('EUR = "0.90"', 'ECU = "0.90"', "rates.worth.ECU: 'ECU' is no currency of ISO 4217"),
        ('USD = "1"\n', "", "rates.worth must hold the book's own currency USD"),
        ('currency = "USD" ', 'currency = "XXX" ', "currency: 'XXX' is no currency"),
        ("stale_after_days = 45", "stale_after_days = 0", "rates.stale_after_days: "),
        ('share = "0.40"', 'share = "0.01"', "margin: the share must not rise"),
        ('share = "0.40"', 'share = "-0.40"', r"margin.tiers\[1\].share: .*got '-0.40'"),
        ("from_unit = 1,", "from_unit = 2,", "margin: the tiers must begin at unit 1"),
        ("from_unit = 10,", "from_unit = 5,", "margin: the tiers must begin at unit 1 and go up"),
        ('share = "0"    ', 'share = "1.5"', "tax.share: "),
        ("packaging_g = 120", "packaging_g = 10000", "shipping: the packaging alone is too heavy for zone domestic"),
        ('name = "abroad"', 'name = "domestic"', "shipping: two zones have one name"),
        ('name = "abroad"', 'name = "Far away"', r"shipping.zones\[3\].name: "),
        ('price = "9.50"', 'price = "5.50"', r"shipping.zones\[2\]: tiers must go up"),
        (
            'price = "9.50"',
            'prize = "9.50"',
            r"shipping.zones\[2\].tiers\[2\].price: it is missing \(1 more after it\)",
        ),
        ("[materials.tpu]", '[materials.tpu]\nprocess = "resin"', "materials.tpu is printed by fdm"),
        (
            "[materials.tpu]",
            "[materials.rubber]",
            "materials.rubber is not in the material table, so it needs title, pr",
        ),
        ("[materials.tpu]", "[materials.tpu]\ndensity_g_cm3 = -1.2", "materials.tpu.density_g_cm3: "),
        ("[materials.tpu]", '[materials.tpu]\nuses = ["eating"]', r"materials.tpu.uses\[1\]: "),
        ("[machine]", "[machine", "not TOML"),
    ],
)
def test_a_wrong_book_is_one_sentence_that_says_where_and_why(old: str, new: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as refusal:
        read_price_book(changed(old, new))
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).startswith("The price book is ")


_NAMES = [k for k, line in enumerate(SHIPPED.splitlines()) if " = " in line and line[0].isalpha()]


@pytest.mark.parametrize("number", _NAMES)
def test_every_name_of_the_book_is_read_and_none_can_be_misspelt(number: int) -> None:
    lines = SHIPPED.splitlines()
    lines[number] = f"x{lines[number]}"
    with pytest.raises(InvalidInput, match="price book is wrong"):
        read_price_book("\n".join(lines))


@pytest.mark.parametrize("place", ["order", "rates", "materials.pla"])
def test_figures_from_the_future_are_refused_where_today_is_known(place: str) -> None:
    at = SHIPPED.index("dated = 2026-11-02", SHIPPED.index(f"[{place}]"))
    late = SHIPPED[:at] + "dated = 2027-01-01" + SHIPPED[at + 18 :]
    assert read_price_book(late)
    assert read_price_book(late, today=date(2026, 12, 31))  # tomorrow is today farther east
    with pytest.raises(InvalidInput, match=f"at {place}.dated: 2027-01-01 is after today, 2026-12-30"):
        read_price_book(late, today=date(2026, 12, 30))


@given(junk=st.one_of(st.text(max_size=80), st.binary(max_size=80)))
def test_junk_is_refused_with_one_error(junk: str | bytes) -> None:
    with pytest.raises(InvalidInput):
        read_price_book(junk)


@pytest.mark.parametrize("number", _NAMES)
@pytest.mark.parametrize("value", ["-1", '"-1"', "nan", "[]", "{ x = 1 }", '""', "false", "1979-05-27T07:32:00Z"])
def test_any_value_in_any_place_is_read_or_refused_with_one_error(number: int, value: str) -> None:
    lines = SHIPPED.splitlines()
    lines[number] = f"{lines[number].split(' = ')[0]} = {value}"
    with suppress(InvalidInput):
        assert read_price_book("\n".join(lines))


def test_deep_nesting_is_refused_not_followed() -> None:
    with pytest.raises(InvalidInput):
        read_price_book("x = " + "[" * 5000 + "]" * 5000)


def test_a_book_too_long_is_not_read() -> None:
    with pytest.raises(InvalidInput, match="at most"):
        read_price_book("#" * 200_000)


def test_shipping_and_tax_may_be_left_out() -> None:
    start, end = SHIPPED.index("\n[shipping]\n"), SHIPPED.index("\n[rates]")
    book = read_price_book(SHIPPED[:start] + SHIPPED[end:])
    assert book.zones == ()
    assert "tax" not in {line.code for line in priced(book=book).lines}
    with pytest.raises(InvalidInput, match="ships nowhere"):
        priced(book=book, ship_to="pickup")


def test_the_rates_are_relative_so_that_the_books_own_currency_may_change() -> None:
    book = read_price_book(changed('currency = "USD" ', 'currency = "BRL" '))
    assert book.rate("USD") == Decimal(1) / Decimal("5.40")
    assert book.rate("BRL") == 1
    assert book.currencies[0] == "BRL"
    assert book.price_per_kg("pla") == Decimal("22.00")  # an amount of the book, in reais now


def test_a_shop_adds_materials_of_its_own_without_code() -> None:
    book = read_price_book(SHIPPED + OWN)
    wood = book.material("wood")
    assert (wood.title, wood.density_g_cm3, wood.process.name) == ("Wood-filled PLA", 1.15, "fdm")
    found = priced("cup", book, material="wood")
    assert found.material == "wood"
    assert found.mass_g == pytest.approx(priced("cup", material="pla").mass_g * 1.15 / 1.24, rel=1e-3)
    assert "wood" in {other.material for other in priced("cup", book).alternatives}
    assert "wood" not in {other.material for other in priced("cup", book, uses=("outdoor",)).alternatives}
    cured = OWN.replace('"fdm"', '"resin"').replace("max_flow_mm3_s = 8.0\n", "").replace("wood", "tough")
    assert read_price_book(SHIPPED + cured).material("tough").process == RESIN


def test_an_entry_overrides_what_the_shop_knows_better() -> None:
    book = read_price_book(changed("[materials.pla]", "[materials.pla]\ndensity_g_cm3 = 1.30\nnozzle_c = [225, 200]"))
    pla = book.material("pla")
    assert pla.density_g_cm3 == 1.30
    assert (pla.nozzle_c and pla.nozzle_c.low, pla.nozzle_c and pla.nozzle_c.high) == (200, 225)
    assert pla.max_flow_mm3_s == MATERIALS["pla"].max_flow_mm3_s


def test_a_material_that_is_not_listed_is_not_offered_but_keeps_its_process() -> None:
    start = SHIPPED.index("[materials.resin]")
    book = read_price_book(SHIPPED[:start])
    with pytest.raises(InvalidInput, match="no material 'resin': choose one of pla, petg"):
        book.material("resin")
    assert book.process("resin") == RESIN
    with pytest.raises(InvalidInput):
        book.process("unobtainium")


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
    assert low <= MATERIALS[name].density_g_cm3 <= high


def test_every_material_is_whole_and_says_its_sources() -> None:
    assert tuple(MATERIALS) == MATERIAL_NAMES
    for material in MATERIALS.values():
        assert not set(material.uses) & set(material.not_for)
        assert material.sources
        assert material.food_contact
        if material.process.name == "fdm":
            assert material.nozzle_c is not None
            assert material.bed_c is not None
            assert 180 <= material.nozzle_c.low < material.nozzle_c.high <= 300
            assert material.max_flow_mm3_s > 0
