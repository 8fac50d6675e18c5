from .architecture import Architecture as Architecture
from .architecture import Stages as Stages
from .build import build_networks as build_networks
from .build import initialize as initialize
from .discriminators import build_discriminator as build_discriminator
from .front_end import FrontEnd as FrontEnd
from .generators import build_generator as build_generator
