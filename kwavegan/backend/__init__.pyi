from .autodiff import apply_gradients as apply_gradients
from .autodiff import input_gradient as input_gradient
from .autodiff import value_and_grad as value_and_grad
from .autodiff import value_and_grad_with_penalty as value_and_grad_with_penalty
from .compilations import keep_compilations as keep_compilations
from .selection import installed_backends as installed_backends
from .selection import select_backend as select_backend
from .trainer import StatefulModel as StatefulModel
