"""What each fault costs of the ten points. Each loss grows with what was measured and never shrinks."""

from typing import Final

from pipelines.printability.process import Process

CONTACT_MM2_PER_MM: Final = 0.5  # bed contact asked for each mm of height; below it a brim is wise. Our own choice.
WARPING_MM: Final = 2.0  # lift that a brim no longer holds: a PLA plate 130 mm across and 3 mm thick. Our own choice.
CUP_MM2: Final = 100.0  # area that a film lets go of without a pull to speak of. Our own choice.


def surface_loss(*, watertight: bool, sound: bool) -> float:
    """6 for an open surface, 4 for a closed one that is no solid."""
    return 6.0 if not watertight else 0.0 if sound else 4.0


def wall_loss(wall_mm: float | None, process: Process) -> float:
    """1 between sound and least wall, 3 more from there down to nothing."""
    if wall_mm is None:
        return 0.0
    least, sound = process.least_wall_mm, process.sound_wall_mm
    brittle = min(1.0, max(0.0, (sound - wall_mm) / (sound - least)))
    return brittle + 3.0 * max(0.0, (least - wall_mm) / least)


def feature_loss(narrowest_mm: float | None, process: Process) -> float:
    """Up to 1 as the narrowest feature goes from a line's width to nothing."""
    if narrowest_mm is None:
        return 0.0
    return max(0.0, 1.0 - narrowest_mm / process.least_feature_mm)


def fit_loss(*, fits: bool) -> float:
    """5 where the part does not fit."""
    return 0.0 if fits else 5.0


def support_loss(support_mm3: float, volume_mm3: float) -> float:
    """Up to 2, where supports take half the volume of the part."""
    return 2.0 * min(1.0, support_mm3 / max(volume_mm3, 1e-9) / 0.5)


def overhang_loss(share: float) -> float:
    """Up to 1.5, where a quarter of the surface overhangs."""
    return 1.5 * min(1.0, share / 0.25)


def island_loss(islands: int) -> float:
    """0.25 for each, up to 1."""
    return min(1.0, 0.25 * islands)


def standing_loss(tipping_deg: float, process: Process) -> float:
    """Up to 1.5 as the tipping angle goes from the limit to nothing."""
    return 1.5 * (1.0 - min(1.0, max(0.0, tipping_deg) / process.least_tipping_deg))


def contact_loss(contact_mm2: float, height_mm: float) -> float:
    """Up to 0.5 as the bed contact goes from what the height asks for to nothing."""
    return 0.5 * (1.0 - min(1.0, contact_mm2 / (CONTACT_MM2_PER_MM * max(height_mm, 1e-9))))


def warping_loss(lift_mm: float) -> float:
    """Up to 1 as the lift of corners goes from the limit to three times it."""
    return min(1.0, max(0.0, lift_mm - WARPING_MM) / (2 * WARPING_MM))


def cup_loss(cup_mm2: float) -> float:
    """Up to 1 as the sealed area goes from the limit to ten times it."""
    return min(1.0, max(0.0, cup_mm2 - CUP_MM2) / (9 * CUP_MM2))


def body_loss(floating: int) -> float:
    """0.5 for each body that hangs in the air, up to 1.5."""
    return min(1.5, 0.5 * floating)


def crossing_loss(crossed_share: float) -> float:
    """Up to 1, where a twentieth of the surface stands inside the part."""
    return min(1.0, crossed_share / 0.05)
