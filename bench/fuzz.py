"""Damaged files for every parser: read soundly or refused with one error, in bounded time and memory, touching nothing.

    python -m bench fuzz [--seconds=60] [--seed=0] [--only=glb] [--found=DIR]

"uploads" are damaged meshes all the way: read, mended, inspected and written. Each target is fuzzed in a process of its
own with 4 GiB of memory, in which opening files, sockets and processes is an error. Each file has five seconds, or
thirty all the way. What breaks the law is printed, and kept in DIR where one is given.
"""

import os
import random
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final, get_args

from pipelines.errors import MoldarError
from pipelines.meshing import ReadableFormat, export_mesh
from pipelines.printability import inspect
from pipelines.uploads import mended_upload
from tests.support.mutations import mutated
from tests.support.reading import read_lawfully
from tests.support.seeds import seeds

_MEMORY_BYTES: Final = 4 * 2**30
_SECONDS_A_FILE: Final = 5
_SECONDS_AN_UPLOAD: Final = 30  # some kernels are compiled when they are first needed
_FORBIDDEN: Final = ("open", "socket.", "subprocess.", "os.system", "os.exec", "urllib.", "ctypes.dlopen")


def main() -> None:
    """Fuzz every parser for its share of the time."""
    options = dict(word.removeprefix("--").split("=", 1) for word in sys.argv[1:] if "=" in word)
    kinds = [options["only"]] if "only" in options else [*seeds(), "uploads"]
    share = float(options.get("seconds", 60)) / len(kinds)
    found = Path(options["found"]) if "found" in options else None
    sound = [_fuzz_apart(kind, share, int(options.get("seed", 0)), found) for kind in kinds]
    if not all(sound):
        sys.exit("a parser broke the law")


def _fuzz_apart(kind: str, seconds: float, seed: int, found: Path | None) -> bool:
    """In a child, which a broken parser may take down with it."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            status = _fuzz(kind, seconds, seed, found)
        except Exception:  # noqa: BLE001 - the parent goes on with the other parsers
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        print(f"{kind:12} DIED of signal {os.WTERMSIG(status)}")
    return status == 0


def _fuzz(kind: str, seconds: float, seed: int, found: Path | None) -> int:
    warnings.simplefilter("error")
    everything = seeds()
    others = [data for row in everything.values() for data in row]
    shapes = get_args(ReadableFormat)
    own = [(name, data) for name in (shapes if kind == "uploads" else [kind]) for data in everything[name]]
    law = _mend_lawfully if kind == "uploads" else read_lawfully
    for name, data in own:
        outcome = law(name, data)  # which also loads what is loaded late
        assert outcome == "read" or kind == "uploads", f"{name}: {outcome}"
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    signal.signal(signal.SIGALRM, _too_slow)
    guard = _Guard()
    sys.addaudithook(guard)
    rng = random.Random(f"{kind} {seed}")
    outcomes: Counter[str] = Counter()
    broken: dict[str, bytes] = {}
    slowest, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        name, data = rng.choice(own)
        data = mutated(data, rng, rng.choice(others))
        began = time.monotonic()
        outcome = _outcome(law, name, data, guard)
        slowest = max(slowest, time.monotonic() - began)
        outcomes[outcome.splitlines()[0]] += 1
        if outcome.startswith("BROKEN") and (outcome not in broken or len(data) < len(broken[outcome])):
            broken[outcome] = data
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.most_common())
    print(f"{kind:12} {sum(outcomes.values()):8,} files, slowest {slowest:.2f} s, peak {peak_mb:,.0f} MB: {rows}")
    for number, (outcome, data) in enumerate(broken.items()):
        print(f"  {outcome}\n  {len(data)} bytes: {data[:200]!r}")
        if found is not None:
            (found / f"{kind}-{seed}-{number}.bin").write_bytes(data)
    return 1 if broken else 0


def _mend_lawfully(kind: str, data: bytes) -> str:
    """The code of the error that an upload was refused with, or "read" where it became a file to print."""
    try:
        mesh = mended_upload(data, kind).mesh
        report = inspect(mesh)
        assert report.watertight, report.findings
        assert read_lawfully("3mf", export_mesh(mesh, "3mf")) == "read"
    except MoldarError as error:
        return error.code
    return "read"


def _outcome(law: Callable[[str, bytes], str], kind: str, data: bytes, guard: "_Guard") -> str:
    signal.alarm(_SECONDS_AN_UPLOAD if law is _mend_lawfully else _SECONDS_A_FILE)
    guard.is_up = True
    try:
        return law(kind, data)
    except Exception as error:  # noqa: BLE001 - whatever a parser lets through is what is looked for
        where = traceback.extract_tb(error.__traceback__)[-3:]
        lines = " < ".join(f"{Path(row.filename).name}:{row.lineno}" for row in reversed(where))
        return f"BROKEN {type(error).__name__}\n  {str(error)[:200]} at {lines}"
    finally:
        guard.is_up = False
        signal.alarm(0)


class _Guard:
    """What no parser may do, but to load code of its own that no file needed before."""

    is_up = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        is_own_code = event == "open" and str(arguments[0]).endswith((".py", ".pyc", ".nbi", ".nbc", ".so"))
        if self.is_up and event.startswith(_FORBIDDEN) and not is_own_code:
            raise PermissionError(f"{event}{arguments!r:.100}")


def _too_slow(_: int, __: FrameType | None) -> None:
    raise TimeoutError("it took too long")


if __name__ == "__main__":
    main()
