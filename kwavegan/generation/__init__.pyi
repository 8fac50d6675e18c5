from .generator import SoundGenerator as SoundGenerator
from .generator import load_generator as load_generator
from .generator import load_pretrained as load_pretrained
from .recipes import Recipe as Recipe
from .recipes import walk as walk
from .wav_folder import write_sounds as write_sounds
