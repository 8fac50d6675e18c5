from .inverse_stft import InverseSTFT as InverseSTFT
from .label_conditioning import LabelConcat as LabelConcat
from .label_conditioning import LabelGate as LabelGate
from .log_mel import LogMel as LogMel
from .phase_shuffle import PhaseShuffle as PhaseShuffle
from .strided_conv import StridedConv1D as StridedConv1D
from .strided_conv import StridedConv1DTranspose as StridedConv1DTranspose
