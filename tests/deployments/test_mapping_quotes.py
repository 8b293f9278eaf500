"""Quotes and price books as they cross HTTP."""

from datetime import UTC, datetime

from deployments import mapping
from jobs.checkpoints import QUOTE
from jobs.lifecycle import Status
from jobs.model import Job, JobRequest, PrintOptions
from jobs.options import priced, resolved
from jobs.requote import Change, changed_options
from moldar import wire
from pipelines.pricing import PriceBook, QuoteRequest, default_price_book, quote
from pipelines.printability import inspect
from pipelines.prompt import analyse
from tests.support.jobs import new_job
from tests.support.solids import brick

ISSUED = datetime(2026, 12, 1, tzinfo=UTC)


def test_every_field_of_a_quote_crosses() -> None:
    mesh = brick()
    asked = QuoteRequest(quantity=3, currency="JPY", ship_to="abroad", budget_minor=9000)
    made = quote(mesh, inspect(mesh), asked, default_price_book(), ISSUED, "q")
    sent = mapping.quote(made)
    assert {"kind", "saving_minor", "size_mm", "up"} <= set(wire.QuoteAlternative.model_fields)
    told = sent.model_dump(mode="json", exclude={"material_reasons", "material_warnings", "repairs"})
    assert told == QUOTE.dump_python(made, mode="json")


def test_a_quote_from_before_it_said_so_much_is_still_read() -> None:
    mesh = brick()
    made = quote(mesh, inspect(mesh), QuoteRequest(), default_price_book(), ISSUED, "q")
    old = QUOTE.dump_python(made, mode="json")
    for name in ("error_band", "notes", "ship_to", "price_book"):
        del old[name]
    for other in old["alternatives"]:
        for name in ("saving_minor", "size_mm", "up"):
            del other[name]
    read = QUOTE.validate_python(old)
    assert (read.total_minor, read.notes, read.price_book) == (made.total_minor, (), None)


def test_the_list_of_materials_is_the_price_books_in_its_own_minor_units() -> None:
    whole = default_price_book().model_dump()
    only_pla = {"pla": {**whole["materials"]["pla"], "price_per_kg": "2200.50"}}
    book = PriceBook.model_validate({**whole, "currency": "JPY", "materials": only_pla})
    told = mapping.material_list(book)
    assert [(item.name, item.price_per_kg_minor, item.currency) for item in told.items] == [("pla", 2200, "JPY")]
    assert told.currencies[0] == "JPY"
    assert set(told.currencies) == set(book.rates.worth)
    assert [zone.name for zone in told.zones] == ["pickup", "domestic", "abroad"]
    assert told.price_book is not None
    assert told.price_book.name == book.name


def test_what_a_request_asks_of_the_price_reaches_the_quote() -> None:
    asked = wire.GenerationRequest(prompt="a cube", currency="EUR", ship_to="pickup", budget_minor=5000, quantity=2)
    order = priced(resolved(mapping.job_request(asked, ()).options, analyse("a cube")))
    assert (order.currency, order.ship_to, order.budget_minor, order.quantity) == ("EUR", "pickup", 5000, 2)
    change = mapping.quote_change(wire.QuoteRequest(ship_to="abroad", budget_minor=7))
    assert (change.ship_to, change.budget_minor, change.currency) == ("abroad", 7, None)
    form = mapping.file_quote(wire.FileQuoteRequest(ship_to="abroad", budget_minor=7))
    assert (form.ship_to, form.budget_minor, form.currency) == ("abroad", 7, None)


def test_a_budget_does_not_outlive_a_change_of_its_currency() -> None:
    asked = new_job(request=JobRequest(prompt="a cube", options=PrintOptions(currency="EUR", budget_minor=5000)))
    job = Job(asked.id, 1, asked.caller, Status.SUCCEEDED, None, asked.request, asked.analysis, asked.plan, 1.0)
    told = [
        changed_options(job, Change(currency=currency, budget_minor=budget)).budget_minor
        for currency, budget in ((None, None), ("EUR", None), ("JPY", None), ("JPY", 900))
    ]
    assert told == [5000, 5000, None, 900]
