"""What a printing process can make: the limits that a report measures against."""

from dataclasses import dataclass
from typing import Final, Literal

ProcessName = Literal["fdm", "resin"]


@dataclass(frozen=True, slots=True)
class Process:
    """Limits of one process. Slopes are measured from the horizontal: 90 is a vertical wall."""

    name: ProcessName
    least_wall_mm: float  # thinner walls do not print
    sound_wall_mm: float  # thinner walls print, and break
    slope_limit_deg: float  # flatter undersides need supports
    first_layer_mm: float  # how high the part counts as touching the bed
    least_tipping_deg: float  # tilt that a free-standing part must survive


# Walls: two lines of a 0.4 mm nozzle print, three are sound ("Design guide: wall thickness", rigidprints.co.uk, and
# "3D printing fundamentals 2.3", code.edlight.org: 0.8 / 1.2 mm). Slope: 45 degrees, the `support_material_threshold`
# of the profile in tests/golden/slicer_truth.json. Tipping: 10 degrees is this project's own choice; a 15 x 15 x 80 mm
# tower (10.6 degrees) prints on a moving bed, a sphere on its point (7 degrees) does not.
FDM: Final = Process("fdm", 0.8, 1.2, 45.0, 0.2, 10.0)

# Walls: 0.5 mm at least, 1.0 mm recommended ("3D printing fundamentals 2.3", code.edlight.org). The part hangs from
# the plate, glued by several overexposed layers, so it may be half as wide at its foot.
RESIN: Final = Process("resin", 0.5, 1.0, 45.0, 0.05, 5.0)

BuildVolume = tuple[float, float, float]
BUILD_VOLUME_MM: Final[BuildVolume] = (220.0, 220.0, 250.0)
