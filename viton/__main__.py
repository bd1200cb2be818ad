"""`python -m viton` is the same as `viton`."""

from viton.cli import main

main()
