"""`python -m kwavegan`."""

from kwavegan.cli import main

main()
