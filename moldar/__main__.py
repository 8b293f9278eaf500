"""`python -m moldar` is `moldar`."""

from moldar.cli import main

main()
