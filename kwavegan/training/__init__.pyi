from .build import build_gan as build_gan
from .session import Outcome as Outcome
from .session import resume as resume
from .session import run_training as run_training
