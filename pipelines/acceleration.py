"""How a network is made fast on a CUDA device: one value says what is asked, and the network keeps its interface.

Everything here changes a module in place and leaves it the same to its callers: `splat` and `MultiView.sample` do not
know whether what they call is replayed from a graph. Without a CUDA device only width and layout have an effect.
"""

import importlib.util
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final, Literal, Protocol, Self, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn

from pipelines.errors import BackendFailed, InvalidInput

Width = Literal["float32", "bfloat16", "float16"]
Function = Callable[..., Tensor]
Capture = Callable[[Function, tuple[Any, ...], dict[str, Any]], tuple[Callable[[], None], Tensor]]
"""From a function and its fixed arguments: what computes it anew, and where its result then lies."""

_MOST_SIGNATURES: Final = 16  # graphs kept per module: up to 8 objects, each guided or not
_WARM_UPS: Final = 3  # libraries choose algorithms and take workspaces in the first calls; PyTorch's own number
_COMPILERS: Final = ("cc", "gcc", "clang")  # Triton builds its launchers with one of them
_DTYPES: Final = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Acceleration:
    """What to do to a network. The defaults do nothing."""

    width: Width = "float32"  # of the body; modules that keep parts in float32 do so by their own `narrowed`
    channels_last: bool = False  # pictures as [N, H, W, C] in memory, as tensor cores read them
    tuned: bool = False  # cuDNN times its algorithms at every new shape and keeps the fastest
    compiled: bool = False  # torch.compile: normalisation, activation and sums in one kernel; minutes at first use
    graphs: bool = False  # each shape recorded once as a CUDA graph: no launch from Python after that

    @classmethod
    def quick(cls, width: Width = "bfloat16") -> Self:
        """All that costs seconds at the first call."""
        return cls(width, channels_last=True, tuned=True, graphs=True)

    @classmethod
    def full(cls, width: Width = "bfloat16") -> Self:
        """All that there is; minutes at the first call of each shape."""
        return cls(width, channels_last=True, tuned=True, compiled=True, graphs=True)

    @property
    def dtype(self) -> torch.dtype:
        """Of the body."""
        return _DTYPES[self.width]

    def __str__(self) -> str:
        marks = ("channels_last", "tuned", "compiled", "graphs")
        return " ".join([self.width, *(mark for mark in marks if getattr(self, mark))])


@runtime_checkable
class _Narrowing(Protocol):
    """A module that knows which of its parts must stay in float32."""

    def narrowed(self, dtype: torch.dtype) -> object: ...


def possible(asked: Acceleration, device: torch.device) -> tuple[Acceleration, tuple[str, ...]]:
    """What of `asked` runs on `device`, and one sentence for each thing that does not."""
    lost = []
    if device.type != "cuda":
        lost += ["CUDA graphs need a CUDA device."] * asked.graphs
        lost += ["cuDNN's search needs a CUDA device."] * asked.tuned
        asked = replace(asked, graphs=False, tuned=False)
    if asked.compiled and (obstacle := _compile_obstacle(device)):
        lost.append(obstacle)
        asked = replace(asked, compiled=False)
    return asked, tuple(lost)


def accelerate(module: Module, how: Acceleration) -> Module:
    """`module`, made fast in place, with the same interface.

    A module that was accelerated before loses what was done before, but for its width. Gradients are not for
    accelerated modules: a graph is replayed only where none are recorded.

    Args:
        module: On its device, in evaluation mode.
        how: What to do; ask `possible` first what runs here.

    Raises:
        InvalidInput: `how` asks for what does not run on the module's device.
    """
    device = next(module.parameters()).device
    _, lost = possible(how, device)
    if lost:
        raise InvalidInput(" ".join(lost))
    _narrow(module, how.dtype)
    _lay_out(module, torch.channels_last if how.channels_last else torch.contiguous_format)
    vars(module).pop("forward", None)  # what was done before: an instance's own comes before its class's
    forward: Function = module.forward
    if how.compiled:
        forward = _compiled(forward)
    if device.type == "cuda":
        forward = _with_convolutions(forward, tuned=how.tuned)
    if how.graphs:
        forward = Replayed(forward)
    if forward != module.forward:
        module.forward = forward
    return module


class Replayed:
    """A function of tensors, computed once per signature of its arguments and then replayed from its recording.

    A signature is the shape, strides and dtype of every tensor and the value of everything else. Each call copies its
    tensors into those that were recorded and gives back a copy of the result, so no two calls share memory. Callers
    on several threads wait for each other; they must use one stream.
    """

    def __init__(self, function: Function, capture: Capture | None = None, most: int = _MOST_SIGNATURES) -> None:
        self._function = function
        self._capture = capture or CudaCapture()
        self._most = most
        self._lock = Lock()
        self._recordings: OrderedDict[object, _Recording] = OrderedDict()

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        if torch.is_grad_enabled():
            return self._function(*args, **kwargs)
        signature = (tuple(map(_trait, args)), tuple((name, _trait(kwargs[name])) for name in sorted(kwargs)))
        with self._lock:
            recording = self._recordings.get(signature)
            if recording is None:
                recording = _Recording(self._function, self._capture, args, kwargs)
                self._recordings[signature] = recording
            self._recordings.move_to_end(signature)
            while len(self._recordings) > self._most:
                self._recordings.popitem(last=False)
            return recording(args, kwargs)


class _Recording:
    """One signature: the tensors that are read, what computes them, the tensor that is written."""

    def __init__(self, function: Function, capture: Capture, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._args = tuple(map(_own, args))
        self._kwargs = {name: _own(value) for name, value in kwargs.items()}
        self._compute, self._result = capture(function, self._args, self._kwargs)

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        given = [*args, *(kwargs[name] for name in self._kwargs)]
        for own, value in zip([*self._args, *self._kwargs.values()], given, strict=True):
            if isinstance(own, Tensor):
                own.copy_(value)
        self._compute()
        return self._result.clone()


class CudaCapture:
    """Captures on the current CUDA device. All captures of one instance share their memory: they never overlap."""

    def __init__(self) -> None:
        self._pool: Any = None

    def __call__(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Callable[[], None], Tensor]:
        """Source: docs.pytorch.org, notes/cuda, "CUDA Graphs": warm up beside the main stream, then capture."""
        beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(_WARM_UPS):
                function(*args, **kwargs)
        torch.cuda.current_stream().wait_stream(beside)
        if self._pool is None:
            self._pool = torch.cuda.graph_pool_handle()
        graph = torch.cuda.CUDAGraph()
        # thread_local: another thread may ask the device for its memory meanwhile, as a health check does.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            result = function(*args, **kwargs)
        return graph.replay, result


def _trait(value: Any) -> object:
    if isinstance(value, Tensor):
        return value.shape, value.stride(), value.dtype, value.device, torch.is_inference_mode_enabled()
    return type(value), value


def _own(value: Any) -> Any:
    """A tensor of our own like `value`, outside inference mode, so that it may be written in any mode later."""
    if not isinstance(value, Tensor):
        return value
    with torch.inference_mode(mode=False), torch.no_grad():
        return torch.empty_like(value).copy_(value)  # dense, whatever was expanded or sliced in the caller's


def _narrow(module: nn.Module, dtype: torch.dtype) -> None:
    if isinstance(module, _Narrowing):
        module.narrowed(dtype)
    else:
        nn.Module.to(module, dtype)  # diffusers' own `to` warns of narrowing, which is what is asked


def _lay_out(module: nn.Module, layout: torch.memory_format) -> None:
    for parameter in module.parameters():
        if parameter.ndim == 4:  # kernels of convolutions
            parameter.data = parameter.data.contiguous(memory_format=layout)


def _compiled(forward: Function) -> Function:
    # Each batch size on its own: with a symbolic one, building takes minutes and its kernels are slower.
    compiled: Function = torch.compile(forward, dynamic=False)

    def compiled_or_told(*args: Any, **kwargs: Any) -> Tensor:
        from torch._dynamo.exc import TorchDynamoException  # noqa: PLC0415 - a second, and loaded by compile anyway

        try:
            return compiled(*args, **kwargs)
        except TorchDynamoException as error:
            reason = str(error).strip().splitlines()[0]
            raise BackendFailed(f"torch.compile cannot build this network here: {reason}.") from error

    return compiled_or_told


def _with_convolutions(forward: Function, *, tuned: bool) -> Function:
    def run(*args: Any, **kwargs: Any) -> Tensor:
        with _convolutions(tuned=tuned):
            return forward(*args, **kwargs)

    return run


@contextmanager
def _convolutions(*, tuned: bool) -> Iterator[None]:
    """Float32 convolutions in float32: by default cuDNN rounds their operands to TF32's ten bits, and the parts that
    are left in float32 are those that cannot bear it."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=tuned, allow_tf32=False):
        yield


def _compile_obstacle(device: torch.device) -> str:
    if device.type == "cuda" and importlib.util.find_spec("triton") is None:
        return "torch.compile needs the triton package."
    if not any(map(shutil.which, _COMPILERS)):
        return f"torch.compile needs a C compiler ({', '.join(_COMPILERS)})."
    return ""
