"""Shapes of a multi-view UNet: what a checkpoint fits, checked when it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from pipelines.errors import InvalidInput

GROUPS: Final = 32  # of every group normalisation; SPEC B.3
VIEWS: Final = 4  # frames that are looked at; ImageDream adds one that holds the picture
_MOST_LEVELS: Final = 8


@dataclass(frozen=True, slots=True)
class MultiViewUNetConfig:
    """One multi-view UNet. The fields up to `ip_weight` are upstream's own; the defaults are MVDream's.

    Source: SPEC B.2.
    """

    image_size: int = 32  # of a latent, pixels
    in_channels: int = 4
    out_channels: int = 4
    model_channels: int = 320
    attention_resolutions: tuple[int, ...] = (4, 2, 1)  # as downsampling factors
    num_res_blocks: int = 2
    channel_mult: tuple[int, ...] = (1, 2, 4, 4)
    num_head_channels: int = 64
    transformer_depth: int = 1
    context_dim: int = 1024
    camera_dim: int = 16
    ip_dim: int | None = None  # tokens that a picture becomes; none (or 0) is MVDream
    ip_weight: float = 1.0
    ip_width: int = 1280  # of the picture encoder's tokens

    def __post_init__(self) -> None:
        for field in fields(self):  # a config read from JSON holds lists
            if isinstance(value := getattr(self, field.name), list):
                object.__setattr__(self, field.name, tuple(value))
        if fault := self._fault():
            raise InvalidInput(f"No multi-view UNet has this shape: {fault}.")

    @classmethod
    def mvdream(cls) -> Self:
        """Text to four views: 690 tensors, 867,572,164 parameters."""
        return cls()

    @classmethod
    def imagedream(cls) -> Self:
        """Picture to four views: 773 tensors, 941,672,900 parameters."""
        return cls(ip_dim=16)

    @classmethod
    def of(cls, stated: Mapping[str, Any]) -> Self:
        """From the JSON beside a checkpoint. What it states besides these fields is passed over: the tensors decide.

        Raises:
            InvalidInput: a field of another type, or no UNet.
        """
        known = {field.name: stated[field.name] for field in fields(cls) if field.name in stated}
        try:
            return cls(**known)
        except (TypeError, AttributeError) as error:
            raise InvalidInput(f"No multi-view UNet has this shape: {error}.") from error

    @property
    def takes_picture(self) -> bool:
        """ImageDream: a fifth frame and a second cross-attention, both of the caller's picture."""
        return bool(self.ip_dim)

    @property
    def frames(self) -> int:
        """Frames of one object that attend to each other."""
        return VIEWS + self.takes_picture

    def _fault(self) -> str:
        numbers = (self.image_size, self.in_channels, self.out_channels, self.model_channels, self.num_res_blocks)
        more = (self.num_head_channels, self.transformer_depth, self.context_dim, self.camera_dim, self.ip_width)
        if any(not isinstance(n, int) or n <= 0 for n in numbers + more):
            return "a size is not a positive whole number"
        if not 1 <= len(self.channel_mult) <= _MOST_LEVELS or any(m <= 0 for m in self.channel_mult):
            return f"channel multipliers {list(self.channel_mult)}"
        if self.image_size % 2 ** (len(self.channel_mult) - 1):
            return f"image_size {self.image_size} cannot be halved {len(self.channel_mult) - 1} times"
        widths = [self.model_channels * m for m in self.channel_mult]
        if any(width % GROUPS or width % self.num_head_channels for width in widths):
            return f"channels {widths} are not all multiples of {GROUPS} groups and of {self.num_head_channels}"
        return "" if not self.ip_dim or self.ip_dim > 0 else f"{self.ip_dim} picture tokens"
