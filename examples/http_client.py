"""Ask a running service for an object over HTTP, watch it being made, take the files and another price.

moldar serve &
python examples/http_client.py "a mug with 300 ml" out/mug
"""

import sys
from pathlib import Path

from moldar import Client, Event


def tell(event: Event) -> None:
    """One line for each thing that happens."""
    sys.stderr.write(f"{event.kind} {event.data.get('stage', '')}\n")


def main(prompt: str, directory: Path, url: str = "http://127.0.0.1:8000") -> None:
    """Make `prompt` and put its files into `directory`."""
    with Client(url) as client:
        made = client.generate(prompt, on_event=tell)
        for path in client.download(made, directory):
            sys.stdout.write(f"{path}\n")
        ten = client.quote(made.id, material="petg", quantity=10)
        sys.stdout.write(f"ten in PETG: {ten.total_minor / 100:.2f} {ten.currency}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:4])
