"""kwavegan: a conditional WaveGAN for your own folder of audio, on any Keras backend."""

__version__ = "0.1.0"
