from .description import Kit as Kit
from .description import Layer as Layer
from .description import Voice as Voice
from .folder import WrittenKit as WrittenKit
from .folder import write_kit as write_kit
from .notes import Place as Place
from .notes import places_of as places_of
