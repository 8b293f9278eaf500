"""Doctor's rows of what quotes are made with: the price book, the calibration, the slicer and its profile.

What is checked is whether they can be read and run, so each is imported when its row is tried.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from deployments.settings import Settings


def price_book() -> str:
    """Whose prices."""
    from deployments import shop  # noqa: PLC0415 - see above

    settings = _settings()
    book = shop.price_book(settings)
    return f"{book.name} of {book.dated}, in {book.currency}; {settings.price_book or 'ships with Moldar'}"


def calibration() -> str:
    """What the model of mass and time was fitted to."""
    from deployments import shop  # noqa: PLC0415 - see above
    from pipelines.pricing.profile import read_profile  # noqa: PLC0415

    settings = _settings()
    made = shop.calibration(settings)
    same = made.profile_sha256 == read_profile(shop.profile_text(settings)).sha256
    where = settings.calibration or "ships with Moldar"
    warning = "" if same else "; made of another profile than the slicer's"
    return f"{made.name}, {made.slices} slices by {made.slicer} on {made.made_on}; {where}{warning}"


def profile() -> str:
    """Which printer the slicer slices for."""
    from deployments import shop  # noqa: PLC0415 - see above
    from pipelines.pricing.profile import read_profile  # noqa: PLC0415

    settings = _settings()
    return f"{read_profile(shop.profile_text(settings)).name}; {settings.slicer.profile or 'ships with Moldar'}"


def slicer() -> str:
    """Its version, and when it is asked."""
    from adapters.slicer import TRIED, PrusaSlicer  # noqa: PLC0415 - see above
    from pipelines.pricing.profile import generic_profile_text  # noqa: PLC0415

    asked = _settings().slicer
    one = PrusaSlicer(asked.executable, generic_profile_text(), asked.timeout_s, asked.memory_mib * 2**20)
    version = one.version()
    tried = any(version.startswith(f"PrusaSlicer {known}.") for known in TRIED)
    return f"{version}{'' if tried else ', which Moldar was not tried with'}; use: {asked.use}"


def _settings() -> "Settings":
    from deployments.settings import Settings  # noqa: PLC0415 - a misspelt variable must not stop the other rows

    return Settings()


FILES: Final[tuple[tuple[str, Callable[[], str], str], ...]] = (
    ("price book", price_book, "mend it, or unset MOLDAR_PRICE_BOOK"),
    ("calibration", calibration, "moldar calibrate PROFILE.ini, or unset MOLDAR_CALIBRATION"),
    ("slicer profile", profile, "export it anew, or unset MOLDAR_SLICER__PROFILE"),
)
"""Check, trial and remedy of each file that the service reads at start."""
