"""The command line: the second composition root. Nothing imports it.

Results go to stdout; progress and errors go to stderr. An error is one sentence.
"""

from moldar.cli.commands import main

__all__ = ["main"]
