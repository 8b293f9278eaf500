"""One result, whichever kernel computes it."""

import importlib.util

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.attention import attend, resolved
from pipelines.errors import InvalidInput


@given(seed=st.integers(0, 2**31), heads=st.sampled_from([1, 3]), queries=st.integers(1, 9), keys=st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_attention_is_the_softmax_of_scaled_products(seed: int, heads: int, queries: int, keys: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    query = torch.randn(2, heads, queries, 5, generator=generator)
    key, value = torch.randn(2, 2, heads, keys, 5, generator=generator)
    plain = ((query @ key.mT) * 5**-0.5).softmax(-1) @ value
    torch.testing.assert_close(attend(query, key, value, "sdpa"), plain, atol=1e-5, rtol=1e-5)


def test_on_the_cpu_the_kernel_is_torchs_own() -> None:
    assert resolved("auto", cuda=False) == resolved("sdpa", cuda=False) == "sdpa"


def test_xformers_is_used_on_cuda_where_it_is_installed() -> None:
    installed = importlib.util.find_spec("xformers") is not None
    assert resolved("auto", cuda=True) == ("xformers" if installed else "sdpa")
    assert resolved("sdpa", cuda=True) == "sdpa"


def test_xformers_by_name_is_refused_where_it_cannot_run() -> None:
    with pytest.raises(InvalidInput, match="xformers"):
        resolved("xformers", cuda=False)
