from .pretrained import PretrainedModel as PretrainedModel
from .pretrained import pretrained_models as pretrained_models
from .run import Run as Run
from .run import list_runs as list_runs
