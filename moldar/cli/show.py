"""Results as a person reads them."""

from collections.abc import Iterable
from math import ceil
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from moldar.cli.terminal import size_of
from moldar.wire import Analysis, Generation, Printability, Quote
from pipelines.pricing import format_money

_MARKS: Final = {"ok": ("✓", "green"), "info": ("·", "cyan"), "warning": ("!", "yellow"), "error": ("✗", "red")}
_SOURCES: Final = {"geometry": "computed", "slicer": "measured by a slicer", "vendor": "quoted by the vendor"}


def show_generation(console: Console, made: Generation, directory: str) -> None:
    """A finished generation: what was understood, how it prints, what it costs, where it is."""
    if made.analysis is not None:
        section(console, "Understood", _understood(made.analysis))
    if made.provenance is not None:
        made_by = f"{made.provenance.backend} ({made.provenance.model}), seed {made.provenance.seed}"
        section(console, "Made", Group(Text(made_by), *map(Text, made.provenance.notes)))
    if made.printability is not None:
        show_report(console, made.printability)
    if made.quote is not None:
        show_quote(console, made.quote)
    files = Table.grid(padding=(0, 2))
    for entry in made.files:
        files.add_row(entry.name, Text(size_of(entry.bytes), justify="right"))
    section(console, f"Files in {directory}", files)


def show_report(console: Console, report: Printability) -> None:
    """A print report."""
    x, y, z = report.size_mm
    facts = Table.grid(padding=(0, 2))
    facts.add_row("Size", f"{x:.1f} × {y:.1f} × {z:.1f} mm")
    facts.add_row("Volume", f"{report.volume_mm3 / 1000:.2f} cm³, surface {report.area_mm2 / 100:.1f} cm²")
    facts.add_row("Solid", _solid(report))
    if report.min_wall_mm is not None:
        facts.add_row("Thinnest wall", f"{report.min_wall_mm:.2f} mm")
    if report.support_volume_mm3 > 0:
        facts.add_row("Supports", f"{report.support_volume_mm3 / 1000:.2f} cm³")
    findings = [
        line
        for finding in report.findings
        for line in (marked(finding.severity, finding.message), Text(f"  {finding.remedy}", style="dim"))
        if line.plain.strip()
    ]
    findings += [*_offered(report), *_mending(report)]
    title = Text.assemble(f"Print report: {report.score:.1f} of 10  ", _mark(report.verdict))
    section(console, title, Group(facts, *findings))


def _offered(report: Printability) -> list[Text]:
    """Repairs that would do something about the findings."""
    names = dict.fromkeys(finding.repair.replace("_", " ") for finding in report.findings if finding.repair)
    return [Text(f"Repairs that are offered: {', '.join(names)}.")] if names else []


def _mending(report: Printability) -> list[Text]:
    """What would make a closed solid of an uploaded file."""
    if report.beyond_repair is not None:
        return [marked("error", f"No solid can be made of it: {report.beyond_repair}")]
    if not report.repairs:
        return []
    head = Text("Converting, quoting or repairing it makes it a closed solid:")
    return [head, *(Text(f"  {one.message}", style="dim") for one in report.repairs)]


def show_quote(console: Console, quote: Quote) -> None:
    """An itemised price, what it is at other quantities, and what else could be ordered."""
    hours, minutes = divmod(round(quote.print_time_s / 60), 60)
    each = (
        f"{quote.mass_g:.1f} g and {hours} h {minutes:02d} min each"
        if quote.quantity > 1
        else (f"{quote.mass_g:.1f} g, {hours} h {minutes:02d} min")
    )
    head = [Text(f"{quote.quantity} × {quote.material.upper()} at {quote.infill:.0%} infill, {each}")]
    head += [Text(reason, style="dim") for reason in quote.material_reasons]
    head += [marked("warning", warning) for warning in quote.material_warnings]
    breaks = ", ".join(f"{b.quantity}: {_money(b.unit_minor, quote)}" for b in quote.quantity_breaks)
    tail: list[RenderableType] = [marked("info", note) for note in quote.notes]
    tail += [Text(f"Each, by quantity: {breaks}")] if breaks else []
    tail += [Text("Or:"), Padding(_alternatives(quote), (0, 0, 0, 2))] if quote.alternatives else []
    if (book := quote.price_book) is not None:
        tail.append(Text(f"Prices: {book.name}, {book.dated}; exchange rates {book.rates_dated}", style="dim"))
    section(console, "Quote", Group(*head, _priced_lines(quote), *tail))


def _priced_lines(quote: Quote) -> Table:
    lines = Table.grid(padding=(0, 2))
    for line in quote.lines:
        band = f" {_within(line.error_band)}" if line.error_band else ""
        amount = Text(_money(line.amount_minor, quote), justify="right")
        lines.add_row(line.label, amount, Text(f"{_SOURCES.get(line.source, line.source)}{band}", style="dim"))
    total = Text(_money(quote.total_minor, quote), style="bold", justify="right")
    band = f"{_within(quote.error_band)}, " if quote.error_band else ""
    lines.add_row(Text("Total", style="bold"), total, Text(f"{band}until {quote.expires_at:%Y-%m-%d}", style="dim"))
    return lines


def _alternatives(quote: Quote) -> Table:
    table = Table.grid(padding=(0, 2))
    for other in quote.alternatives:
        saving, amount = other.saving_minor, _money(abs(other.saving_minor), quote)
        told = f"saves {amount}" if saving > 0 else f"costs {amount} more" if saving < 0 else "costs the same"
        table.add_row(other.label, Text(_money(other.total_minor, quote), justify="right"), Text(told, style="dim"))
    return table


def _within(band: float) -> str:
    """A band as a reader takes it: never narrower than it is."""
    return f"within {ceil(round(band * 100, 6))} %"


def _understood(analysis: Analysis) -> RenderableType:
    table = Table.grid(padding=(0, 2))

    def row(name: str, values: Iterable[str]) -> None:
        if text := ", ".join(values):
            table.add_row(name, Text(text))

    families = [f.value for f in (analysis.family, *analysis.combined_with) if f is not None]
    row("Object", [" + ".join(families) or analysis.subject])
    row("Sizes", (f"{d.name.replace('_', ' ')} {d.value_mm:g} mm" for d in analysis.dimensions))
    row("Counts", (f"{c.value} {c.name}" for c in analysis.counts))
    single = {
        "Thread": analysis.thread,
        "Text": analysis.inscription,
        "Material": analysis.material,
        "Colour": analysis.color,
    }
    for name, finding in single.items():
        row(
            name,
            [finding.value if finding.value == finding.text else f"{finding.value} ({finding.text})"]
            if finding
            else [],
        )
    row("Quantity", [str(analysis.quantity.value)] if analysis.quantity else [])
    row("For", (use.value.replace("_", " ") for use in analysis.uses))
    row("With", (feature.value for feature in analysis.features))
    return Group(table, *(marked("warning", problem.message) for problem in analysis.problems))


def _solid(report: Printability) -> str:
    state = "closed" if report.watertight else "not closed"
    bodies = "" if report.bodies == 1 else f", {report.bodies} bodies"
    fits = "fits the printer" if report.fits_build_volume else "larger than the printer"
    stable = "stands by itself" if report.stable else "tips over"
    return f"{state}{bodies}, {fits}, {stable}"


def _money(amount_minor: int, quote: Quote) -> str:
    return format_money(amount_minor, quote.currency)


def _mark(severity: str) -> tuple[str, str]:
    return _MARKS.get(severity, ("·", ""))


def marked(severity: str, message: str) -> Text:
    """A sentence behind the sign of its severity."""
    return Text.assemble(_mark(severity), f" {message}")


def section(console: Console, title: str | Text, body: RenderableType) -> None:
    """A heading, and what stands below it."""
    console.print(Text.assemble(title, style="bold") if isinstance(title, str) else title)
    console.print(Padding(body, (0, 0, 1, 2), expand=False))
