"""Writes the pages that are made from code: settings, errors, metrics. `--check` only says whether they are current."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deployments import telemetry
from deployments.api import routes
from deployments.problems import STATUS
from deployments.settings import described
from pipelines.errors import MoldarError, leaves

HERE: Final = Path(__file__).parent
NOTE: Final = "<!-- Written by `make docs`; change the code instead. -->\n"


def pages() -> Iterator[tuple[str, str]]:
    """Name and text of every generated page."""
    yield "settings.md", _settings()
    yield "errors.md", _errors()
    yield "metrics.md", _metrics()


def _settings() -> str:
    rows = "".join(f"| `{name}` | `{default}` | {text} |\n" for name, default, text in described())
    return (
        f"# Settings\n\n{NOTE}\nArguments in `serve.yaml` override variables, which override defaults. A misspelt "
        "variable stops the start. Secrets belong in variables only; `REPLICATE_API_TOKEN`, `HF_TOKEN` and "
        f"`SLANT3D_API_KEY` are also read under these names.\n\n"
        f"| variable | default | meaning |\n| --- | --- | --- |\n{rows}"
    )


def _errors() -> str:
    def row(cls: type[MoldarError]) -> str:
        meaning = (cls.__doc__ or "").splitlines()[0]
        return f"| `{cls.code}` | {STATUS[cls]} | {'yes' if cls.retryable else 'no'} | {meaning} |\n"

    rows = "".join(row(cls) for cls in sorted(leaves(), key=lambda cls: cls.code))
    return (
        f"# Errors\n\n{NOTE}\nEvery error is `application/problem+json` (RFC 9457) with a stable `code`. `Retry-After` "
        "comes with 429 and 503.\n\n| code | HTTP | retryable | meaning |\n| --- | --- | --- | --- |\n"
        f"{rows}| `internal.failed` | 500 | no | A fault of the service; its log has the trace. |\n\n"
        "The command line ends with 2 where the input is at fault, 3 for `backend.none_available`, 4 otherwise.\n"
    )


def _metrics() -> str:
    rows = ""
    for metric in (*telemetry.METRICS, *telemetry.http_metrics(routes())):
        labels = ", ".join(name for name, _ in metric.labels)
        rows += f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |\n"
    return (
        f"# Metrics\n\n{NOTE}\n`GET /metrics` renders one registry that every replica reports to once a second. All "
        "label values are closed sets and exist from the start at zero. Ray's own metrics are scraped from Ray's ports "
        "beside it.\n\n"
        f"| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n{rows}"
    )


def main() -> int:
    """Write the pages, or with `--check` name those that are not current."""
    stale = []
    for name, text in pages():
        path = HERE / name
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text)
    if stale and "--check" in sys.argv:
        sys.stderr.write(f"not current, run `make docs`: {', '.join(stale)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
