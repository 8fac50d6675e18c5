from .losses import LOSSES as LOSSES
from .losses import AdversarialLoss as AdversarialLoss
from .model import WaveGAN as WaveGAN
from .noise import StepNoise as StepNoise
from .objectives import Objectives as Objectives
