"""Atomic files, locks, archives and CSV logs."""
