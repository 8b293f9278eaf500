"""Profiles of PrusaSlicer as printers: what `--save` and "Export Config" write, read by the slicer's own rules.

A setting that the file does not hold has the slicer's default, and a note says so. Of several extruders the first one
prints. What the print model does not know (rafts, brims, vase mode) is named in a note, never silently dropped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from importlib.resources import files
from math import atan2, degrees, inf
from types import MappingProxyType
from typing import Final, get_args

from pipelines.errors import InvalidInput
from pipelines.pricing.printers import FdmPrinter, InfillPattern
from pipelines.pricing.profile_settings import FLAGS, NUMBERS, Settings, parse_settings
from pipelines.printability.process import BuildVolume

_PATTERNS: Final[tuple[InfillPattern, ...]] = get_args(InfillPattern)
_POINT: Final = re.compile(r"(-?[\d.]+)x(-?[\d.]+)")
UNNAMED: Final = "PrusaSlicer profile"
_NAMED_MISSING: Final = 6
_UNLIMITED_MM3_S: Final = 1000.0  # no limit is set: far above what any nozzle melts
_WIDEST_NOZZLES: Final = 3  # PrusaSlicer refuses wider lines: "Excessive extrusion width"
_LARGEST_BED_MM: Final = 10_000.0

# Settings that change the print in ways the model leaves out, and what they are when they change nothing.
_LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "raft_layers": "0",
        "brim_width": "0",
        "infill_every_layers": "1",
        "solid_infill_every_layers": "0",
        "xy_size_compensation": "0",
        "spiral_vase": "0",
        "ironing": "0",
        "fuzzy_skin": "none",
        "support_material_pattern": "rectilinear",
        "support_material_style": "grid",
    }
)

_BY_THE_PART: Final[tuple[InfillPattern, ...]] = ("adaptivecubic", "supportcubic", "lightning")


@dataclass(frozen=True, slots=True)
class Filament:
    """What the profile says of its filament. Zero is unknown, as in the slicer."""

    diameter_mm: float
    density_g_cm3: float
    price_per_kg: float  # in the shop's currency


@dataclass(frozen=True, slots=True)
class PrinterProfile:
    """A printer, its print settings and its filament."""

    name: str
    printer: FdmPrinter
    infill: float  # fill_density, [0, 1]
    filament: Filament
    build_volume_mm: BuildVolume
    sha256: str  # of the settings, whatever their order, comments and line ends
    notes: tuple[str, ...]  # what was taken for granted, and what the print model leaves out


def read_profile(text: str) -> PrinterProfile:
    """The printer that a PrusaSlicer profile describes.

    Args:
        text: One configuration, as `prusa-slicer --save` or "Export Config" writes it; at most a million characters.

    Returns:
        The printer with lengths in mm and speeds in mm/s, and notes on what was assumed or left out.

    Raises:
        InvalidInput: The text is no such profile (empty, binary, a bundle of presets, a resin printer's, another
            program's), or a setting is no number or beyond what a printer can be.
        TooLarge: More than a million characters.

    Source:
        PrusaSlicer 2.5: `Flow::auto_extrusion_width`, `PrintRegion::flow`, `GCode::_extrude`.
    """
    values = parse_settings(text)
    settings = Settings(values)
    _check_kind(values, settings)
    printer = _printer(settings)
    _check_lines(printer)
    density = settings.number("fill_density", 1.0)
    filament = Filament(
        diameter_mm=settings.number("filament_diameter"),
        density_g_cm3=settings.number("filament_density"),
        price_per_kg=settings.number("filament_cost"),
    )
    return PrinterProfile(
        name=_name(settings),
        printer=printer,
        infill=density,
        filament=filament,
        build_volume_mm=_build_volume(settings),
        sha256=sha256("\n".join(sorted(f"{key}={value}" for key, value in values.items())).encode()).hexdigest(),
        notes=_notes(settings, printer),
    )


@cache
def generic_profile() -> PrinterProfile:
    """The printer that quotes are computed for where no other is configured: `profiles/generic_i3.ini`."""
    return read_profile(generic_profile_text())


def generic_profile_text() -> str:
    """The generic profile as a slicer loads it."""
    return files("pipelines.pricing").joinpath("profiles/generic_i3.ini").read_text("utf-8")


def _check_kind(values: Mapping[str, str], settings: Settings) -> None:
    if settings.word("printer_technology").upper() == "SLA" or "exposure_time" in values:
        raise InvalidInput("This is a resin printer's profile; only filament printers are read from profiles.")
    if not any(key in values for key in (*NUMBERS, *FLAGS)):
        raise InvalidInput("The printer profile holds none of PrusaSlicer's settings.")
    if settings.has("inherits") and not (settings.has("nozzle_diameter") and settings.has("layer_height")):
        raise InvalidInput(
            "This is one preset, which inherits what it does not say; export the whole configuration "
            "(PrusaSlicer: File, Export, Export Config)."
        )


def _printer(s: Settings) -> FdmPrinter:
    lines = _with_lines(s, FdmPrinter())
    return _with_supports(s, _with_retraction(s, _with_accelerations(s, _with_speeds(s, _with_shells(s, lines)))))


def _with_lines(s: Settings, printer: FdmPrinter) -> FdmPrinter:
    layer, inner = s.number("layer_height"), _width(s, "perimeter_extrusion_width")
    first = s.number("first_layer_height", layer)
    return replace(
        printer,
        layer_height_mm=layer,
        first_layer_mm=first,
        nozzle_mm=s.number("nozzle_diameter"),
        line_width_mm=inner,
        external_width_mm=_width(s, "external_perimeter_extrusion_width"),
        sparse_width_mm=_width(s, "infill_extrusion_width"),
        solid_width_mm=_width(s, "solid_infill_extrusion_width"),
        top_line_width_mm=_width(s, "top_infill_extrusion_width"),
        support_width_mm=_width(s, "support_material_extrusion_width"),
        first_layer_width_mm=s.number("first_layer_extrusion_width", first) or inner,
        flow=s.number("extrusion_multiplier", 1.0),
    )


def _with_shells(s: Settings, printer: FdmPrinter) -> FdmPrinter:
    return replace(
        printer,
        perimeters=max(1, s.count("perimeters")),
        top_layers=s.count("top_solid_layers"),
        bottom_layers=s.count("bottom_solid_layers"),
        top_shell_mm=s.number("top_solid_min_thickness"),
        bottom_shell_mm=s.number("bottom_solid_min_thickness"),
        vertical_shells=s.flag("ensure_vertical_shell_thickness"),
        pattern=_pattern(s),
        infill_overlap=s.number("infill_overlap", 1.0),
        islet_mm2=s.number("solid_infill_below_area"),
        thick_bridges=s.flag("thick_bridges"),
        bridge_flow=s.number("bridge_flow_ratio", 1.0),
    )


def _width(s: Settings, key: str) -> float:
    """A line's width: 0 defers to `extrusion_width`, and that to the slicer's rule for the nozzle."""
    layer, nozzle = s.number("layer_height"), s.number("nozzle_diameter")
    own = s.number(key, layer) or s.number("extrusion_width", layer)
    narrow = key in ("top_infill_extrusion_width", "support_material_extrusion_width")
    return own or (nozzle if narrow else 1.125 * nozzle)


def _pattern(s: Settings) -> InfillPattern:
    word = s.word("fill_pattern")
    for pattern in _PATTERNS:
        if word == pattern:
            return pattern
    raise InvalidInput(f"The profile's fill_pattern {word[:40]!r} is none that is known: {', '.join(_PATTERNS)}.")


def _with_speeds(s: Settings, printer: FdmPrinter) -> FdmPrinter:
    """Speeds; 0 lets the slicer choose, and it takes the fastest that it may."""
    most, fastest = s.number("max_print_speed"), _fastest(s)

    def limited(speed: float) -> float:
        return min(speed or most, fastest)

    wall, infill = s.number("perimeter_speed") or most, s.number("infill_speed") or most
    solid = s.number("solid_infill_speed", infill) or most
    support = s.number("support_material_speed") or most
    flows = [flow for flow in map(s.number, ("max_volumetric_speed", "filament_max_volumetric_speed")) if flow]
    return replace(
        printer,
        inner_speed_mm_s=limited(wall),
        external_speed_mm_s=limited(s.number("external_perimeter_speed", wall)),
        small_perimeter_speed_mm_s=limited(s.number("small_perimeter_speed", wall)),
        sparse_speed_mm_s=limited(infill),
        solid_speed_mm_s=limited(solid),
        top_speed_mm_s=limited(s.number("top_solid_infill_speed", solid)),
        bridge_speed_mm_s=limited(s.number("bridge_speed")),
        first_layer_speed_mm_s=limited(s.number("first_layer_speed", wall)),
        support_speed_mm_s=limited(support),
        interface_speed_mm_s=limited(s.number("support_material_interface_speed", support)),
        travel_speed_mm_s=limited(s.number("travel_speed")),
        max_flow_mm3_s=min(flows, default=_UNLIMITED_MM3_S),
        min_layer_s=s.number("slowdown_below_layer_time") if s.flag("cooling") else 0.0,
        min_speed_mm_s=s.number("min_print_speed"),
    )


def _fastest(s: Settings) -> float:
    if not _limits_hold(s):
        return inf
    return min(s.number("machine_max_feedrate_x"), s.number("machine_max_feedrate_y"))


def _with_accelerations(s: Settings, printer: FdmPrinter) -> FdmPrinter:
    """Accelerations; 0 defers to the default, and that to the machine's own."""
    machine = s.number("machine_max_acceleration_extruding")
    axes = min(s.number("machine_max_acceleration_x"), s.number("machine_max_acceleration_y"))
    most = min(machine, axes) if _limits_hold(s) else inf
    default = s.number("default_acceleration") or machine

    def limited(acceleration: float) -> float:
        return min(acceleration or default, most)

    return replace(
        printer,
        acceleration_mm_s2=limited(default),
        wall_acceleration_mm_s2=limited(s.number("perimeter_acceleration")),
        infill_acceleration_mm_s2=limited(s.number("infill_acceleration")),
        bridge_acceleration_mm_s2=limited(s.number("bridge_acceleration")),
        first_layer_acceleration_mm_s2=limited(s.number("first_layer_acceleration")),
        jerk_mm_s=min(s.number("machine_max_jerk_x"), s.number("machine_max_jerk_y")),
        z_acceleration_mm_s2=s.number("machine_max_acceleration_z"),
        z_jerk_mm_s=s.number("machine_max_jerk_z"),
        z_speed_mm_s=min(
            s.number("travel_speed_z") or s.number("travel_speed"),
            s.number("machine_max_feedrate_z") if _limits_hold(s) else inf,
        ),
    )


def _limits_hold(s: Settings) -> bool:
    return s.word("machine_limits_usage") != "ignore"


def _with_retraction(s: Settings, printer: FdmPrinter) -> FdmPrinter:
    speed = s.number("retract_speed")
    return replace(
        printer,
        retract_mm=s.number("retract_length"),
        retract_speed_mm_s=speed,
        prime_speed_mm_s=s.number("deretract_speed") or speed,
        retract_acceleration_mm_s2=s.number("machine_max_acceleration_retracting"),
        retract_each_layer=s.flag("retract_layer_change"),
        z_lift_mm=s.number("retract_lift"),
    )


def _with_supports(s: Settings, printer: FdmPrinter) -> FdmPrinter:
    """Supports; a threshold of 0 is the slope at which a line rests by half its width on the one below."""
    threshold, layers = s.number("support_material_threshold"), s.count("support_material_interface_layers")
    base = s.count("support_material_bottom_interface_layers")
    half = degrees(atan2(printer.layer_height_mm, printer.line_width_mm / 2))
    return replace(
        printer,
        support_spacing_mm=s.number("support_material_spacing"),
        support_interface_layers=layers,
        support_base_interface_layers=layers if base < 0 else base,
        support_interface_spacing_mm=s.number("support_material_interface_spacing"),
        support_gap_mm=s.number("support_material_contact_distance"),
        support_limit_deg=threshold or half,
        support_sheath=s.flag("support_material_with_sheath"),
        support_bridges=not s.flag("dont_support_bridges"),
    )


def _check_lines(printer: FdmPrinter) -> None:
    if max(printer.layer_height_mm, printer.first_layer_mm) > printer.nozzle_mm:
        raise InvalidInput(
            f"The profile's layers of {printer.layer_height_mm:g} mm (the first {printer.first_layer_mm:g} mm) are "
            f"thicker than its nozzle of {printer.nozzle_mm:g} mm."
        )
    widths = (
        printer.line_width_mm,
        printer.external_width_mm,
        printer.sparse_width_mm,
        printer.solid_width_mm,
        printer.top_line_width_mm,
        printer.first_layer_width_mm,
        printer.support_width_mm,
    )
    if min(widths) < printer.layer_height_mm or max(widths) > _WIDEST_NOZZLES * printer.nozzle_mm:
        raise InvalidInput(
            f"The profile's lines are {min(widths):g} to {max(widths):g} mm wide: a nozzle of {printer.nozzle_mm:g} mm "
            f"lays none that are narrower than a layer is high, or wider than {_WIDEST_NOZZLES} nozzles."
        )


def _name(s: Settings) -> str:
    machine = s.word("printer_settings_id") or s.word("printer_model")
    named = [name for name in (machine, s.word("print_settings_id")) if name]
    return ", ".join(named) or UNNAMED


def _build_volume(s: Settings) -> BuildVolume:
    corners = [_POINT.fullmatch(part.strip()) for part in s.word("bed_shape").split(",")]
    if not all(corners) or len(corners) < 3:
        raise InvalidInput("The profile's bed_shape is no list of corners such as 0x0,220x0,220x220,0x220.")
    xs, ys = ([float(corner[axis]) for corner in corners if corner] for axis in (1, 2))
    width, depth = max(xs) - min(xs), max(ys) - min(ys)
    if not (1.0 <= width <= _LARGEST_BED_MM and 1.0 <= depth <= _LARGEST_BED_MM):
        raise InvalidInput(f"The profile's bed is {width:g} x {depth:g} mm; no printer has such a bed.")
    return width, depth, s.number("max_print_height")


def _notes(s: Settings, printer: FdmPrinter) -> tuple[str, ...]:
    notes = []
    if s.items("nozzle_diameter") > 1:
        notes.append(f"Of {s.items('nozzle_diameter')} extruders the first one prints.")
    if printer.pattern in _BY_THE_PART:
        notes.append(
            f"The density of {printer.pattern} infill depends on the part; it is taken to be the same everywhere."
        )
    changed = [key for key, plain in _LEFT_OUT.items() if s.differs(key, plain)]
    if changed:
        notes.append(f"Set in the profile, and left out of the print model: {', '.join(changed)}.")
    if not s.number("filament_density"):
        notes.append("The profile does not say its filament's density; the material's own is used.")
    missing = s.missing
    if missing:
        more = f" and {len(missing) - _NAMED_MISSING} more" if len(missing) > _NAMED_MISSING else ""
        notes.append(f"Not in the profile, so the slicer's own default: {', '.join(missing[:_NAMED_MISSING])}{more}.")
    return tuple(notes)
