from .mel import MelSettings as MelSettings
from .mel import log_mel as log_mel
from .mel import mel_settings as mel_settings
from .problems import AudioError as AudioError
from .soundfiles import load_audio as load_audio
from .soundfiles import read_audio as read_audio
from .soundfiles import write_wav as write_wav
from .sounds import Sounds as Sounds
