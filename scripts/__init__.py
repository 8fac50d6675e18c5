"""Programs beside the package; run them from a clone: `python -m scripts.dissertation.tables`."""

from kwavegan.backend.selection import set_default_backend

set_default_backend()  # before a script imports Keras
