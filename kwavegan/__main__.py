"""`python -m kwavegan`."""

from kwavegan.cli.main import main

main()
