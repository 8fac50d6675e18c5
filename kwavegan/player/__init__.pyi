from .network import Player as Player
from .weights import misfit as misfit
