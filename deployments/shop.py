"""What a shop has decided about prices, read from the files that its settings name and refused at start if wrong."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from adapters.slicer import PrusaSlicer
from deployments.settings import PREFIX, Settings, SlicerSettings
from pipelines.errors import InvalidInput, MoldarError
from pipelines.pricing import PriceBook, Quote, Workshop, default_price_book, read_price_book
from pipelines.pricing.calibration import Calibration, default_calibration, read_calibration
from pipelines.pricing.profile import generic_profile_text, read_profile


@dataclass(frozen=True, slots=True)
class Shop:
    """The files as values."""

    book: PriceBook
    workshop: Workshop
    slicing: SlicerSettings
    profile_text: str  # of the printer that the slicer slices for

    def slicer(self) -> PrusaSlicer:
        """The slicer, whether it is installed or not."""
        memory_bytes = self.slicing.memory_mib * 2**20
        return PrusaSlicer(self.slicing.executable, self.profile_text, self.slicing.timeout_s, memory_bytes)


def read_shop(settings: Settings) -> Shop:
    """Read every file that the settings name.

    Raises:
        InvalidInput: a file is not there or not what it should be; the sentence begins with the setting.
    """
    return Shop(
        book=price_book(settings),
        workshop=Workshop(settings.build_volume_mm, calibration(settings)),
        slicing=settings.slicer,
        profile_text=profile_text(settings),
    )


def price_book(settings: Settings) -> PriceBook:
    """The shop's prices. Raises InvalidInput."""
    if settings.price_book is None:
        return default_price_book()
    data = _read(settings.price_book, "PRICE_BOOK")
    try:
        return read_price_book(data, datetime.now(UTC).date())
    except MoldarError as error:
        raise _named(settings.price_book, "PRICE_BOOK", error) from error


def calibration(settings: Settings) -> Calibration:
    """The print model's printer and weights. Raises InvalidInput."""
    if settings.calibration is None:
        return default_calibration()
    data = _read(settings.calibration, "CALIBRATION")
    try:
        return read_calibration(data.decode("utf-8", "replace"))
    except MoldarError as error:
        raise _named(settings.calibration, "CALIBRATION", error) from error


def profile_text(settings: Settings) -> str:
    """The slicer's profile, once it is known to be one. Raises InvalidInput."""
    path = settings.slicer.profile
    if path is None:
        return generic_profile_text()
    text = _read(path, "SLICER__PROFILE").decode("utf-8", "replace")
    try:
        read_profile(text)
    except MoldarError as error:
        raise _named(path, "SLICER__PROFILE", error) from error
    return text


def by_the_model(computed: Quote, reason: MoldarError) -> Quote:
    """The model's quote where the slicer was to be heard, and why it was not."""
    return replace(computed, notes=(*computed.notes, f"Computed, not sliced: {reason}"))


def _read(path: Path, name: str) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise InvalidInput(f"{PREFIX}{name} names {path}, which cannot be read: {error.strerror}.") from error


def _named(path: Path, name: str, error: MoldarError) -> InvalidInput:
    return InvalidInput(f"{PREFIX}{name}, {path.name}: {error}")
