"""Shapes of an LGM: what a checkpoint fits, checked when it is made."""

from dataclasses import dataclass, fields
from typing import Final, Literal, Self

from pipelines.errors import InvalidInput

IN_CHANNELS: Final = 9  # RGB and six Pluecker coordinates
OUT_CHANNELS: Final = 14  # position 3, opacity, scale 3, quaternion 4, RGB 3

PositionHead = Literal["absolute", "ray"]
"""`absolute`: the three numbers are world xyz, as upstream. `ray`: depth along the pixel's ray and two steps aside."""


@dataclass(frozen=True, slots=True)
class LgmConfig:
    """One LGM. The first eleven fields are those of upstream's options; the rest are ours and default to upstream.

    Source: SPEC A.1; 3DTopia/LGM fe8d12c.
    """

    input_size: int
    splat_size: int
    down_channels: tuple[int, ...]
    down_attention: tuple[bool, ...]
    mid_attention: bool
    up_channels: tuple[int, ...]
    up_attention: tuple[bool, ...]  # entries beyond the last level are ignored
    fovy: float = 49.1
    cam_radius: float = 1.5
    znear: float = 0.5
    zfar: float = 2.5
    num_input_views: int = 4
    groups: int = 32
    heads: int = 16
    position: PositionHead = "absolute"

    def __post_init__(self) -> None:
        for field in fields(self):  # a config read from JSON holds lists
            if isinstance(value := getattr(self, field.name), list):
                object.__setattr__(self, field.name, tuple(value))
        if fault := self._fault():
            raise InvalidInput(f"No LGM has this shape: {fault}.")

    @classmethod
    def big(cls) -> Self:
        """The published weights: 65,536 Gaussians, 415 M parameters."""
        return cls(256, 128, *_LARGE_DOWN, True, (1024, 1024, 512, 256, 128), (True, True, True, False, False))

    @classmethod
    def small(cls) -> Self:
        """Upstream's `small` and `lrm`: 16,384 Gaussians."""
        return cls(256, 64, *_LARGE_DOWN, True, (1024, 1024, 512, 256), (True, True, True, False))

    @classmethod
    def tiny(cls) -> Self:
        """Upstream's `tiny`: 16,384 Gaussians, 60 M parameters."""
        down, attention = (32, 64, 128, 256, 512), (False, False, False, False, True)
        return cls(256, 64, down, attention, True, (512, 256, 128), (True, False, False))

    @classmethod
    def nano(cls) -> Self:
        """Moldar's own, for a CPU: 16,384 Gaussians; narrow where pictures are large. Source: training/."""
        down, attention = (8, 24, 48, 96, 128), (False, False, False, False, True)
        up, up_attention = (128, 96, 48, 24), (True, True, False, False)
        return cls(128, 64, down, attention, True, up, up_attention, groups=4, heads=4, position="ray")

    def _fault(self) -> str:
        return self._fault_of_levels() or self._fault_of_sizes() or self._fault_of_widths()

    def _fault_of_levels(self) -> str:
        downs, ups = len(self.down_channels), len(self.up_channels)
        if not (downs and ups and len(self.down_attention) == downs and len(self.up_attention) >= ups):
            return "every level needs its channels and its attention flag"
        if ups > downs:
            return f"{ups} levels up from {downs} down"
        return "" if self.num_input_views > 0 else "no input views"

    def _fault_of_sizes(self) -> str:
        halvings, doublings = len(self.down_channels) - 1, len(self.up_channels) - 1
        if self.input_size <= 0 or self.input_size % 2**halvings:
            return f"input_size {self.input_size} cannot be halved {halvings} times"
        due = self.input_size // 2**halvings * 2**doublings
        if self.splat_size != due:
            return f"splat_size {self.splat_size}, where input {self.input_size} and the levels give {due}"
        return ""

    def _fault_of_widths(self) -> str:
        widths = (*self.down_channels, *self.up_channels)
        if self.groups <= 0 or any(width <= 0 or width % self.groups for width in widths):
            return f"channels {widths} are not all multiples of {self.groups} groups"
        attended = [w for w, on in zip(self.down_channels, self.down_attention, strict=True) if on]
        attended += [w for w, on in zip(self.up_channels, self.up_attention, strict=False) if on]
        attended += [self.down_channels[-1]] * self.mid_attention
        if self.heads <= 0 or any(width % self.heads for width in attended):
            return f"attention widths {attended} are not all multiples of {self.heads} heads"
        return ""


_LARGE_DOWN: Final = ((64, 128, 256, 512, 1024, 1024), (False, False, False, True, True, True))
