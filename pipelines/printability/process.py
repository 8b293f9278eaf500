"""What a printing process can make: the limits that a report measures against."""

from dataclasses import dataclass
from typing import Final, Literal

ProcessName = Literal["fdm", "resin"]


@dataclass(frozen=True, slots=True)
class Process:
    """Limits of one process. Slopes are measured from the horizontal: 90 is a vertical wall.

    `shrinkage` belongs to the material rather than to the machine: `dataclasses.replace(FDM, shrinkage=0.007)` asks
    for ABS.
    """

    name: ProcessName
    least_wall_mm: float  # thinner walls do not print
    sound_wall_mm: float  # thinner walls print, and break
    slope_limit_deg: float  # flatter undersides need supports
    first_layer_mm: float  # how high the part counts as touching the bed
    least_tipping_deg: float  # tilt that a free-standing part must survive
    layer_mm: float = 0.2
    least_feature_mm: float = 0.4  # narrower than this across a layer leaves no line at all
    longest_bridge_mm: float = 10.0  # farther than this a level underside sags between what holds its ends
    shrinkage: float = 0.003  # strain that the first layers are held back from


# Walls: two lines of a 0.4 mm nozzle print, three are sound ("Design guide: wall thickness", rigidprints.co.uk, and
# "3D printing fundamentals 2.3", code.edlight.org: 0.8 / 1.2 mm). Slope: 45 degrees, the `support_material_threshold`
# of the profile in tests/golden/slicer_truth.json; its layers and its nozzle are the 0.2 and 0.4 mm. Bridges: 10 mm
# (Protolabs Network, "Key design considerations for 3D printing"). Shrinkage: PLA, 0.3 %; ABS has 0.7 %, nylon 1.5 %.
# Tipping: 10 degrees is this project's own choice; a 15 x 15 x 80 mm tower (10.6 degrees) prints on a moving bed, a
# sphere on its point (7 degrees) does not.
FDM: Final = Process("fdm", 0.8, 1.2, 45.0, 0.2, 10.0)

# Walls: 0.5 mm at least, 1.0 mm recommended ("3D printing fundamentals 2.3", code.edlight.org). The part hangs from
# the plate, glued by several overexposed layers, so it may be half as wide at its foot. Features: four pixels of
# 0.05 mm, and bridges that the film's pull does not bend: both this project's own choice. It cures at room
# temperature and is held by its supports: no warping is reckoned.
RESIN: Final = Process(
    "resin", 0.5, 1.0, 45.0, 0.05, 5.0, layer_mm=0.05, least_feature_mm=0.2, longest_bridge_mm=5.0, shrinkage=0.0
)

BuildVolume = tuple[float, float, float]
BUILD_VOLUME_MM: Final[BuildVolume] = (220.0, 220.0, 250.0)
