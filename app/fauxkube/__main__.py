"""`python -m fauxkube` is the `fauxkube` command."""

from fauxkube.cli import main

main()
