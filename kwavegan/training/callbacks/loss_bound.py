"""The bound on the losses of a training: past it, the run has diverged."""

import math
from collections.abc import Mapping

from kwavegan.gan.step_metrics import PEAK_LOSS


class LossBound:
    """Tells whether the losses of a training have kept a bound, once passed for good.

    Metrics logger, checkpoints, validation and previews share one, so that none of them keeps or
    shows what a diverged training makes.

    Args:
        largest: |loss| that is still allowed; 0 allows every finite loss.

    Attributes:
        violation: how a loss passed the bound; empty while all have kept it.
    """

    def __init__(self, largest: float) -> None:
        self.largest = largest or math.inf
        self.violation = ""

    def keeps(self, step: int, logs: Mapping[str, float]) -> bool:
        """Whether all losses until now have kept the bound.

        Args:
            step: steps done.
            logs: metrics; `peak_loss` is the largest |loss| since the last row.
        """
        if not self.violation:
            self.violation = self._violation(step, float(logs[PEAK_LOSS]))
        return not self.violation

    def _violation(self, step: int, peak: float) -> str:
        if not math.isfinite(peak):
            return f"a loss was not finite by step {step}"
        if peak > self.largest:
            return f"a loss reached {peak:.4g}, past the bound of {self.largest:g}, by step {step}"
        return ""
