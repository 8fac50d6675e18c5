"""kwavegan: a conditional WaveGAN for your own folder of audio, on any Keras backend.

    import kwavegan
    sounds = kwavegan.load_pretrained("drums").generate("snare", n=8, seed=0)

Names are imported when first used, so that `import kwavegan` is instant. The backend is the one of
KERAS_BACKEND, else that of `keras.json`, else the first installed of JAX, PyTorch and TensorFlow.
"""

from kwavegan._lazy import attach
from kwavegan.backend.selection import set_default_backend

__version__ = "0.1.0"

set_default_backend()

__getattr__, __dir__, __all__ = attach(__name__, __file__)
