"""Repairs as they are asked for: applied in an order that makes sense, each one that can be, and measured again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipelines.errors import GeometryError, InvalidInput
from pipelines.geometry import TriangleMesh
from pipelines.meshing import place
from pipelines.printability.findings import FindingCode, PrintReport, RepairName
from pipelines.printability.process import BUILD_VOLUME_MM, FDM, BuildVolume, Process
from pipelines.printability.repairs.base import fill_voids, flatten_base, turn
from pipelines.printability.repairs.hollow import hollow
from pipelines.printability.repairs.solids import Repaired, as_written, solid_of
from pipelines.printability.repairs.split import Split, split_to_fit
from pipelines.printability.repairs.thicken import thicken
from pipelines.printability.report import inspect

# Walls are grown before the part is laid, since that changes what it weighs where; the base is cut where it then
# stands; a hollow drains near that base; and only what is finished is cut up.
ORDER: Final[tuple[RepairName, ...]] = ("fill_voids", "thicken", "turn", "flatten_base", "hollow", "split_to_fit")
WALL_MM: Final = 2.0  # of a hollow part
DRAIN_MM: Final = 4.0
DOWEL: Final = "dowel"

Tell = Callable[[str], None]
"""Told what is being done, in a few words, before it is done."""


@dataclass(frozen=True, slots=True)
class RepairStep:
    """One repair that is asked for. None takes what suits the part or the process."""

    kind: RepairName
    wall_mm: float | None = None  # thicken: the process's sound wall; hollow: 2 mm
    drain_mm: float | None = None  # hollow: 4 mm
    choice: int | None = None  # turn: one of the report's turns, from 1; else the best, of those that fit if any does


@dataclass(frozen=True, slots=True)
class Applied:
    """A repair that was done."""

    kind: RepairName
    changes: tuple[str, ...]  # one sentence each


@dataclass(frozen=True, slots=True)
class Declined:
    """A repair that was asked for or offered, and could not be done or was not needed."""

    kind: RepairName
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One solid to print."""

    name: str  # "part", or "part-1" and on with "dowel"
    pieces: int  # how many of it one object takes
    mesh: TriangleMesh
    report: PrintReport


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What repairs made of a part, measured before and after."""

    before: PrintReport
    parts: tuple[Part, ...]
    applied: tuple[Applied, ...] = ()
    declined: tuple[Declined, ...] = ()

    @property
    def gone(self) -> tuple[FindingCode, ...]:
        """Findings that no part has any more."""
        return tuple(code for code in _codes([self.before]) if code not in _codes(self._after()))

    @property
    def raised(self) -> tuple[FindingCode, ...]:
        """Findings that some part has and the whole had not."""
        return tuple(code for code in _codes(self._after()) if code not in _codes([self.before]))

    def _after(self) -> list[PrintReport]:
        return [part.report for part in self.parts if part.name != DOWEL]


@dataclass(slots=True, eq=False)
class _Bench:
    """The part as it stands between two repairs."""

    mesh: TriangleMesh
    process: Process
    room: BuildVolume
    report: PrintReport | None
    pieces: Split | None = None
    applied: list[Applied] = field(default_factory=list)
    declined: list[Declined] = field(default_factory=list)

    def measured(self) -> PrintReport:
        if self.report is None:
            self.report = inspect(self.mesh, self.process, self.room)
        return self.report

    def try_one(self, step: RepairStep) -> None:
        try:
            made = _REPAIRS[step.kind](self, step)
            mesh = self.mesh if isinstance(made, Split) else as_written(made.mesh)
        except (InvalidInput, GeometryError) as error:  # the part was a solid: what is refused is this repair of it
            self.declined.append(Declined(step.kind, str(error)))
            return
        self.applied.append(Applied(step.kind, made.changes))
        if isinstance(made, Split):
            self.pieces = made
        else:
            self.mesh, self.report = mesh, None


def apply_repairs(
    mesh: TriangleMesh,
    steps: Sequence[RepairStep],
    process: Process = FDM,
    build_volume_mm: BuildVolume = BUILD_VOLUME_MM,
    *,
    offered: bool = False,
    tell: Tell | None = None,
) -> Outcome:
    """Apply repairs to a solid and measure what came of it.

    Args:
        mesh: A solid in the object frame, mm, z up.
        steps: In any order, each kind once.
        process: Whose limits apply.
        build_volume_mm: x, y, z of the printer, each > 0.
        offered: Also do what the report of `mesh` offers.
        tell: Told of each repair and measurement, for a progress line.

    Returns:
        One part where it was, or those it was cut into, each resting on z = 0. Repairs that were not needed or not
        possible are listed with their reason.

    Raises:
        InvalidInput: A kind is asked for twice, or none of those asked for could be done.
        EmptyGeometry: There is no surface.
        NotSolid: It is no solid.
        GeometryTooLarge: More than 5 million faces, or more than 10 m across.
    """
    kinds = [step.kind for step in steps]
    if len(set(kinds)) != len(kinds):
        raise InvalidInput("Each repair can be asked for once.")
    solid_of(mesh)
    say = tell or (lambda _: None)
    say("Inspecting")
    before = inspect(mesh, process, build_volume_mm)
    bench = _Bench(mesh, process, build_volume_mm, before)
    wanted = {kind: RepairStep(kind) for kind in _offers(before)} if offered else {}
    wanted |= {step.kind: step for step in steps}
    for kind in ORDER:
        if kind in wanted:
            say(WORDS[kind])
            bench.try_one(wanted[kind])
    if kinds and not bench.applied:
        reasons = {one.kind: one.reason for one in bench.declined}
        raise InvalidInput(" ".join(reasons[kind] for kind in ORDER if kind in kinds))
    say("Inspecting again")
    return Outcome(before, _parts(bench), tuple(bench.applied), tuple(bench.declined))


WORDS: Final[dict[RepairName, str]] = {
    "fill_voids": "Filling hollows",
    "thicken": "Thickening walls",
    "turn": "Laying it another way",
    "flatten_base": "Cutting a flat base",
    "hollow": "Hollowing it out",
    "split_to_fit": "Cutting it into parts",
}
"""What a progress line says of each repair."""


def _offers(report: PrintReport) -> set[RepairName]:
    return {finding.repair for finding in report.findings if finding.repair is not None}


def _parts(bench: _Bench) -> tuple[Part, ...]:
    if bench.pieces is None:
        return (Part("part", 1, bench.mesh, bench.measured()),)
    parts = [_laid(f"part-{number}", piece, bench) for number, piece in enumerate(bench.pieces.parts, start=1)]
    if (dowel := bench.pieces.dowel) is not None:
        parts.append(Part(DOWEL, bench.pieces.dowels, dowel, inspect(dowel, bench.process, bench.room)))
    return tuple(parts)


def _laid(name: str, piece: TriangleMesh, bench: _Bench) -> Part:
    """A piece as it was cut, or laid on the cut if it prints better so: nobody chose the way it stood in the whole."""
    mesh = as_written(place(piece, None, up="z").mesh)
    cut = Part(name, 1, mesh, inspect(mesh, bench.process, bench.room))
    ways = [way for way in cut.report.turns if way.fits]
    if not ways or "turn" not in _offers(cut.report):
        return cut
    mesh = as_written(turn(cut.mesh, ways[0]).mesh)
    laid = Part(name, 1, mesh, inspect(mesh, bench.process, bench.room))
    return laid if laid.report.score > cut.report.score else cut


def _codes(reports: Sequence[PrintReport]) -> tuple[FindingCode, ...]:
    return tuple(dict.fromkeys(finding.code for report in reports for finding in report.findings))


def _thickened(bench: _Bench, step: RepairStep) -> Repaired:
    return thicken(bench.mesh, bench.process.sound_wall_mm if step.wall_mm is None else step.wall_mm)


def _turned(bench: _Bench, step: RepairStep) -> Repaired:
    turns = bench.measured().turns
    if not turns:
        raise InvalidInput("No other way up prints clearly better.")
    if step.choice is None:
        return turn(bench.mesh, next((way for way in turns if way.fits), turns[0]))
    if not 1 <= step.choice <= len(turns):
        raise InvalidInput(
            f"The report has {len(turns)} better ways to lay the part; there is no number {step.choice}."
        )
    return turn(bench.mesh, turns[step.choice - 1])


def _hollowed(bench: _Bench, step: RepairStep) -> Repaired:
    wall_mm = WALL_MM if step.wall_mm is None else step.wall_mm
    return hollow(bench.mesh, wall_mm, DRAIN_MM if step.drain_mm is None else step.drain_mm)


_REPAIRS: Final[dict[RepairName, Callable[[_Bench, RepairStep], Repaired | Split]]] = {
    "fill_voids": lambda bench, _: fill_voids(bench.mesh),
    "thicken": _thickened,
    "turn": _turned,
    "flatten_base": lambda bench, _: flatten_base(bench.mesh, bench.process),
    "hollow": _hollowed,
    "split_to_fit": lambda bench, _: split_to_fit(bench.mesh, bench.room),
}
