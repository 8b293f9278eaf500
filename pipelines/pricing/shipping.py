"""Postage: how an order goes into parcels, and what they cost."""

from dataclasses import dataclass
from decimal import Decimal

from pipelines.errors import InvalidInput
from pipelines.pricing.book import ParcelTier, Shipping, Zone


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece as the post sees it."""

    mass_g: Decimal
    longest_mm: float


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel of a shop to a zone that has tiers."""

    zone: Zone
    shipping: Shipping

    @property
    def room_g(self) -> Decimal:
        """The heaviest content."""
        return _exact(self.zone.tiers[-1].up_to_g) - _exact(self.shipping.packaging_g)

    def price(self, piece: Piece, pieces: int) -> Decimal:
        """Of one parcel with that many pieces, which it can hold, in units of the book."""
        return self._tier(piece, pieces).price

    def _tier(self, piece: Piece, pieces: int) -> ParcelTier:
        mass_g = piece.mass_g * pieces + _exact(self.shipping.packaging_g)
        return next(t for t in self.zone.tiers if mass_g <= _exact(t.up_to_g) and piece.longest_mm <= t.up_to_mm)


def postage(parcel: Parcel | None, piece: Piece, quantity: int) -> Decimal:
    """What sending an order costs, in units of the book; 0 where nothing is sent.

    Parcels are filled up to the heaviest tier, the rest goes in one more.

    Raises:
        InvalidInput: One piece alone is too heavy or too long for every tier of the zone.
    """
    if parcel is None:
        return Decimal(0)
    each = _pieces_per_parcel(parcel, piece)
    full, rest = divmod(quantity, each)
    of_full = full * parcel.price(piece, each) if full else Decimal(0)
    return of_full + (parcel.price(piece, rest) if rest else Decimal(0))


def parcels(parcel: Parcel | None, piece: Piece, quantity: int) -> int:
    """How many parcels an order takes, 0 where nothing is sent. Raises InvalidInput as `postage` does."""
    return 0 if parcel is None else -(-quantity // _pieces_per_parcel(parcel, piece))


def _pieces_per_parcel(parcel: Parcel, piece: Piece) -> int:
    longest_mm, label = parcel.zone.tiers[-1].up_to_mm, parcel.zone.label
    if piece.longest_mm > longest_mm:
        raise InvalidInput(
            f"{label}: a piece of {piece.longest_mm:.0f} mm is too long, {longest_mm:.0f} mm is the most."
        )
    if piece.mass_g > parcel.room_g:
        raise InvalidInput(f"{label}: a piece of {piece.mass_g:.0f} g is too heavy, {parcel.room_g:.0f} g is the most.")
    return int(parcel.room_g / piece.mass_g)


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))
