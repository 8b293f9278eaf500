"""CLIP: what a sentence and a picture mean to the UNet."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipelines.errors import WeightsMismatch
from pipelines.multiview.hub import Component

# What preprocessor_config.json states; these are OpenAI's, for a file that leaves them out. Source: SPEC B.6.
_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
_STD: Final = (0.26862954, 0.26130258, 0.27577711)


class TextEncoder:
    """CLIP's tokenizer and text model."""

    def __init__(self, tokenizer: Any, model: Any, limit: int) -> None:
        self._tokenizer = tokenizer
        self.model = model
        self.limit = limit  # tokens of one text, its beginning and end counted

    @classmethod
    def read(cls, tokenizer: Component, weights: Component) -> Self:
        """From the folders `tokenizer` and `text_encoder`. Raises WeightsMissing, WeightsMismatch."""
        from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer  # noqa: PLC0415 - seconds

        single = (tokenizer.folder / "tokenizer.json").is_file()
        tokenizer.require("tokenizer_config.json", *(() if single else ("vocab.json", "merges.txt")))
        with tokenizer.understood():
            words = CLIPTokenizer.from_pretrained(tokenizer.folder, local_files_only=True)
        model = weights.module(lambda stated: CLIPTextModel(CLIPTextConfig.from_dict(stated)))
        config = model.config
        if max(words.get_vocab().values(), default=0) >= config.vocab_size:
            raise WeightsMismatch(f"{tokenizer.name} knows more words than {weights.name}: they are not of one model.")
        return cls(words, model, config.max_position_embeddings)

    @property
    def width(self) -> int:
        """Of a token."""
        return int(self.model.config.hidden_size)

    def count(self, text: str) -> int:
        """Tokens of the text, however many, its beginning and end counted."""
        return len(self._tokenizer(text, truncation=False, verbose=False).input_ids)

    def encode(self, texts: Sequence[str]) -> Tensor:
        """[n, limit, width]: the last layer's output after the final normalisation.

        A text beyond the limit is cut there. Padding is attended to, as in training: no mask. Source: SPEC B.6.
        """
        padded = self._tokenizer(list(texts), padding="max_length", max_length=self.limit, truncation=True)
        device = next(self.model.parameters()).device
        encoded: Tensor = self.model(input_ids=torch.tensor(padded.input_ids, device=device)).last_hidden_state
        return encoded


class PictureEncoder:
    """CLIP's picture processing and vision model."""

    def __init__(self, processing: Mapping[str, Any], model: Any) -> None:
        self.model = model
        self._edge = _edge(processing.get("size", 224))
        self._crop = _edge(processing.get("crop_size", 224))
        self._mean = np.array(processing.get("image_mean", _MEAN), np.float32)
        self._std = np.array(processing.get("image_std", _STD), np.float32)

    @classmethod
    def read(cls, processor: Component, weights: Component) -> Self:
        """From the folders `feature_extractor` and `image_encoder`. Raises WeightsMissing, WeightsMismatch."""
        from transformers import CLIPVisionConfig, CLIPVisionModel  # noqa: PLC0415 - seconds

        processing = processor.stated("preprocessor_config.json")
        model = weights.module(lambda stated: CLIPVisionModel(CLIPVisionConfig.from_dict(stated)))
        with processor.understood():
            encoder = cls(processing, model)
            encoder._check(int(model.config.image_size))
        return encoder

    @property
    def width(self) -> int:
        """Of a token."""
        return int(self.model.config.hidden_size)

    def tokens(self, image: NDArray[np.float32]) -> Tensor:
        """[1, T, width] of a picture [S, S, 3] in [0, 1]: what the last layer but one puts out. Source: SPEC B.6."""
        parameter = next(self.model.parameters())
        pixels = torch.from_numpy(self.pixels(image)).to(parameter.device, parameter.dtype)
        layers: tuple[Tensor, ...] = self.model(pixel_values=pixels[None], output_hidden_states=True).hidden_states
        return layers[-2]

    def pixels(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """[3, crop, crop]: bytes, the shorter side resized (bicubic), the middle cut out, normalised.

        Transformers' own CLIPImageProcessor needs torchvision; a test holds this against its Pillow twin.
        """
        from PIL import Image  # noqa: PLC0415 - 50 ms that only replicas with pictures pay

        opened = Image.fromarray(np.rint(image * 255).astype(np.uint8))
        scale = self._edge / min(opened.size)
        width, height = (int(side * scale) for side in opened.size)
        resized = opened.resize((width, height), Image.Resampling.BICUBIC)
        left, top = (width - self._crop) // 2, (height - self._crop) // 2
        cropped = np.asarray(resized.crop((left, top, left + self._crop, top + self._crop)), np.float32)
        return np.ascontiguousarray(((cropped / 255 - self._mean) / self._std).transpose(2, 0, 1), np.float32)

    def _check(self, image_size: int) -> None:
        if self._crop != image_size:
            raise ValueError(f"it crops pictures to {self._crop} pixels, and the encoder takes {image_size}")
        if self._edge < self._crop or self._mean.shape != (3,) or self._std.shape != (3,) or not self._std.all():
            raise ValueError("its sizes, mean or standard deviation are out of range")


def _edge(size: Any) -> int:
    """Pixels of the shorter side: files of several years state it in three ways."""
    if isinstance(size, dict):
        return int(size.get("shortest_edge") or min(size["height"], size["width"]))
    return int(size)
