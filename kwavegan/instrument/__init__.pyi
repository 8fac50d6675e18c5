from .page import write_instrument as write_instrument
