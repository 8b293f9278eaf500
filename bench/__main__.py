"""`make bench`: every benchmark in turn, or those that are named."""

import importlib
import sys
from typing import Final

ALL: Final = (
    "prompt_accuracy",
    "quote_accuracy",
    "printability",
    "stages",
    "solid",
    "raster",
    "pictures",
    "nano",
    "generate",
    "routing",
    "slots",
    "gateway",
    "crowd",
    "fuzz",
)


def main() -> None:
    """Run the benchmarks named on the command line, by default all. Options are theirs to read: `nano --quick`."""
    names = [name for name in sys.argv[1:] if not name.startswith("--")] or list(ALL)
    unknown = set(names) - set(ALL)
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    for name in names:
        print(f"\n== {name}")
        sys.stdout.flush()
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
