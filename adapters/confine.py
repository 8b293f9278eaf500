"""Becomes another program that may take only so much: run as a script, it never returns.

    python -I -S confine.py PARENT CPU_S MEMORY_BYTES FILE_BYTES PROGRAM [ARGUMENT]...

Limits set in the child before `exec` hold from its first instruction, and unlike a `preexec_fn` this is sound in a
parent with threads. Imports are few: it is started before every run.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from typing import Final

NICENESS: Final = 10  # answers to callers go before what runs behind them
CANNOT_RUN: Final = 126  # what shells answer for a program that cannot be run
_PR_SET_PDEATHSIG: Final = 1  # <sys/prctl.h>


def confine(parent: int, cpu_s: int, memory_bytes: int, file_bytes: int) -> None:
    """Take the limits on, and die with the thread that started this."""
    wanted = {
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in wanted.items():
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))
    os.nice(NICENESS)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these, and what is ignored stays so over exec
        signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(AttributeError):  # Linux only: elsewhere the limit on processor time has to do
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(CANNOT_RUN)


if __name__ == "__main__":
    confine(*(int(number) for number in sys.argv[1:5]))
    try:
        os.execv(sys.argv[5], sys.argv[5:])  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.exit(f"{error.strerror}: {sys.argv[5]}")
