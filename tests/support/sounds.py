"""Comparison of generated sounds."""

import numpy as np

ROUNDING = 1e-5
"""Largest difference of one sound from itself in a batch of another size: -100 dB.

Backends add up a product of matrices in an order that depends on its shape; on TensorFlow 1.3e-6
was seen.
"""


def assert_same_sounds(sounds, want):
    """Check that sounds of one (latent, label) are the same, whatever batch they came in."""
    np.testing.assert_allclose(sounds, want, rtol=0, atol=ROUNDING)
