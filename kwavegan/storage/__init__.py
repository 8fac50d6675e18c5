"""Atomic files, bounded readers, locks, archives and CSV logs."""
