from . import (
    audio as audio,
)
from . import (
    backend as backend,
)
from . import (
    config as config,
)
from . import (
    data as data,
)
from . import (
    evaluation as evaluation,
)
from . import (
    exporting as exporting,
)
from . import (
    gan as gan,
)
from . import (
    generation as generation,
)
from . import (
    instrument as instrument,
)
from . import (
    kits as kits,
)
from . import (
    layers as layers,
)
from . import (
    monitoring as monitoring,
)
from . import (
    networks as networks,
)
from . import (
    player as player,
)
from . import (
    reporting as reporting,
)
from . import (
    runs as runs,
)
from . import (
    training as training,
)
from .audio.sounds import Sounds as Sounds
from .config.settings import Config as Config
from .config.step import StepSettings as StepSettings
from .data.dataset import Dataset as Dataset
from .data.dataset import open_dataset as open_dataset
from .data.preparation import prepare as prepare
from .data.prepare_settings import PrepareSettings as PrepareSettings
from .errors import InputError as InputError
from .evaluation.in_one_call import evaluate as evaluate
from .gan.losses import AdversarialLoss as AdversarialLoss
from .gan.model import WaveGAN as WaveGAN
from .generation.generator import SoundGenerator as SoundGenerator
from .generation.generator import load_generator as load_generator
from .generation.generator import load_pretrained as load_pretrained
from .layers.inverse_stft import InverseSTFT as InverseSTFT
from .layers.label_conditioning import LabelConcat as LabelConcat
from .layers.label_conditioning import LabelGate as LabelGate
from .layers.log_spectrograms import LogMel as LogMel
from .layers.phase_shuffle import PhaseShuffle as PhaseShuffle
from .networks.architecture import Architecture as Architecture
from .networks.build import build_networks as build_networks
from .training.api import train as train

__version__: str
