"""Somebody else's program, run once: bounded in time, memory and output, in a folder of its own, leaving no process."""

import math
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Final, Literal

from adapters import confine

LOOK_S: Final = 0.02  # between looks at the clock, at the wish to stop and at a program that says nothing
SAID_BYTES: Final = 16_384  # of what a program says the end is kept: errors come last
_CHUNK_BYTES: Final = 65_536

End = Literal["exited", "timed_out", "stopped"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one run may take."""

    wall_s: float
    memory_bytes: int  # address space of each process
    file_bytes: int  # of each file it writes


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    how: End
    code: int  # exit status; negative: the signal that ended it
    said: str  # the end of what it wrote to both streams


def run_program(command: Sequence[str], folder: Path, bounds: Bounds, stop: Event) -> Ended:
    """Run `command` in `folder` and wait for its end.

    The program gets an environment of its own with `folder` for home and temporary files, no input, and a group of its
    own that is killed as a whole when the run is over, however it ends.

    Args:
        command: An absolute path and its arguments; no shell reads them.
        folder: Its working directory.
        bounds: Beyond these it is killed.
        stop: Set it from another thread to have the run ended.

    Raises:
        OSError: No process can be started.
    """
    limits = (os.getpid(), math.ceil(bounds.wall_s) * (os.cpu_count() or 1), bounds.memory_bytes, bounds.file_bytes)
    confined = [sys.executable, "-I", "-S", confine.__file__, *map(str, limits), *command]
    process = subprocess.Popen(  # noqa: S603 - the command is the caller's own, and nothing in it comes from a user
        confined,
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with process:
        try:
            how, said = _followed(process, monotonic() + bounds.wall_s, stop)
        finally:
            # Its leader is not reaped yet, so the group's number is still its own.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return Ended(how, process.returncode, said.decode("utf-8", "replace"))


def _environment(folder: Path) -> Mapping[str, str]:
    """Nothing of ours: no keys, no display. Numbers are written with a point."""
    home = str(folder)
    return {"PATH": os.defpath, "HOME": home, "TMPDIR": home, "XDG_RUNTIME_DIR": home, "LC_ALL": "C.UTF-8"}


def _followed(process: subprocess.Popen[bytes], deadline: float, stop: Event) -> tuple[End, bytes]:
    """Listen until the program's end, its deadline, or the wish to stop."""
    said = bytearray()
    assert process.stdout is not None, "it was opened with a pipe"
    with selectors.DefaultSelector() as streams:
        streams.register(process.stdout, selectors.EVENT_READ)
        while not _has_ended(process.pid):
            if stop.is_set():
                return "stopped", bytes(said)
            if monotonic() > deadline:
                return "timed_out", bytes(said)
            if not _heard(streams, said, LOOK_S) and not streams.get_map():
                sleep(LOOK_S)  # it closed its streams and goes on
        while _heard(streams, said, 0.0):
            pass
    return "exited", bytes(said)


def _heard(streams: selectors.BaseSelector, said: bytearray, wait_s: float) -> bool:
    """Whether there was something to read."""
    for key, _ in streams.select(wait_s) if streams.get_map() else ():
        chunk = os.read(key.fd, _CHUNK_BYTES)
        if not chunk:
            streams.unregister(key.fileobj)
            return False
        said += chunk
        del said[:-SAID_BYTES]
        return True
    return False


def _has_ended(pid: int) -> bool:
    """Without reaping it: its number must stay taken until its group is gone."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
