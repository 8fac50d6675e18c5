"""Programs beside the package; run them from a clone: `python -m scripts.dissertation.tables`."""

import kwavegan  # noqa: F401  (chooses Keras' backend, before a script imports Keras)
