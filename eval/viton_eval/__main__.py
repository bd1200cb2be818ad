"""`python -m viton_eval` is the same as `viton-eval`."""

from viton_eval.cli import main

main()
