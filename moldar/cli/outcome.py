"""How a command ends: exit codes, and errors of every kind as one sentence."""

import os
import sys
from collections.abc import Callable
from typing import Final

INPUT, UNAVAILABLE, FAILED, INTERRUPTED = 2, 3, 4, 130

# The first part of an error code says whose fault it is; what is not here failed.
_BY_KIND: Final = {"input": INPUT, "prompt": INPUT, "auth": INPUT, "idempotency": INPUT, "geometry": INPUT}
_BY_CODE: Final = {"backend.none_available": UNAVAILABLE, "job.not_found": INPUT, "weights.missing": UNAVAILABLE}


class Failure(Exception):
    """The command cannot do what was asked, and says so in one sentence."""

    def __init__(self, exit_code: int, sentence: str) -> None:
        super().__init__(exit_code, sentence)
        self.exit_code = exit_code
        self.sentence = sentence


def exit_code_of(code: str) -> int:
    """The exit code that an error code of docs/errors.md means."""
    return _BY_CODE.get(code) or _BY_KIND.get(code.partition(".")[0], FAILED)


def run(command: Callable[[], object]) -> int:
    """Run `command`; print its error, if any, as one sentence; return the exit code."""
    try:
        command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _said(INTERRUPTED, "Interrupted.")
    except BrokenPipeError:
        # The reader, such as `head`, has enough. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the edge of the process: a user is never shown a traceback
        failure = _failure(error)
        return _said(failure.exit_code, failure.sentence)
    return 0


def _said(exit_code: int, sentence: str) -> int:
    sys.stderr.write(f"{_one_line(sentence)}\n")
    return exit_code


def _failure(error: Exception) -> Failure:
    if isinstance(error, Failure):
        return error
    code = getattr(error, "code", None)
    if isinstance(code, str):  # of pipelines.errors and moldar.errors alike
        return Failure(exit_code_of(code), str(error))
    if isinstance(error, OSError) and error.strerror:
        where = f" {os.fspath(error.filename)!r}" if isinstance(error.filename, str | os.PathLike) else ""
        return Failure(FAILED, f"Cannot use the file{where}: {error.strerror}." if where else f"{error.strerror}.")
    if type(error).__module__.startswith("moldar."):
        return Failure(FAILED, str(error))
    if isinstance(error, ValueError) and type(error).__name__ == "ValidationError":
        return Failure(INPUT, validation_sentence(error))
    if sys.flags.dev_mode:
        raise error  # python -X dev: whoever asks for it is no user but a developer
    return Failure(FAILED, f"Something went wrong that was not foreseen ({type(error).__name__}: {error}).")


def validation_sentence(error: ValueError) -> str:
    """Pydantic's first finding as one sentence."""
    findings = error.errors()  # type: ignore[attr-defined]  # pydantic is not imported for its error's sake
    first = findings[0]
    field = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{field}: {message}{more}." if field else f"{message[:1].upper()}{message[1:]}{more}."


def _one_line(sentence: str) -> str:
    # Terminals obey control characters, and messages may quote what a file or a service sent.
    line = " ".join(sentence.split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)[:1000]
