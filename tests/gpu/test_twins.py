"""What this machine's CUDA device computes, against upstream's numbers and the CPU."""

import pytest
import torch

from bench.gpu import twins
from bench.gpu.bench import Missing

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("name", twins.ALL)
def test_the_device_computes_what_it_must(name: str) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    compared = 0
    try:
        for twin in twins.ALL[name](torch.device("cuda")):
            compared += 1
            assert twin.agrees, twin
    except (Missing, ImportError) as error:
        if not compared:
            pytest.skip(str(error))
