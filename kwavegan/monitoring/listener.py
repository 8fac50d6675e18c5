"""What a training reports while it runs, and the base class of whoever wants to know."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kwavegan.evaluation.validation import ValidationResult
    from kwavegan.monitoring.previews import Preview
    from kwavegan.runs.run import Run


class Listener:
    """Receives the news of a training. Every method does nothing; override those that you need.

    The training waits for each method to return.

    Example:
        >>> from kwavegan.monitoring import Listener
        >>> class Losses(Listener):
        ...     def row(self, row):
        ...         print(row["step"], row["d_loss"])
        >>> Losses().row({"step": 20, "d_loss": 0.5})
        20 0.5
    """

    def started(self, run: "Run") -> None:
        """A run is about to be trained, or to go on; its folder exists."""

    def row(self, row: Mapping[str, float]) -> None:
        """A row of metrics is written.

        Args:
            row: a value by column of `metrics.csv`, and `steps_per_second` since the row before.
                The first step of a session, which compiles, does not count there, and neither do
                pauses; a row that covers no other step has no `steps_per_second`.
        """

    def paused(self, kind: str, seconds: float) -> None:
        """Something other than steps took time.

        Args:
            kind: `"evaluation"`, `"preparation"` of the first, `"preview"`, `"first sounds"`,
                `"checkpoint"` or `"row"`, each with what listeners did about it.
            seconds: that it took.
        """

    def validated(self, result: "ValidationResult") -> None:
        """The generator is scored on the validation sounds."""

    def first_sounds(self, step: int, folder: Path) -> None:
        """The first generated sounds can be heard, before the first preview.

        Args:
            step: steps done.
            folder: of their WAV files.
        """

    def previewed(self, preview: "Preview") -> None:
        """Preview sounds are kept, and the health of the run is judged."""

    def note(self, text: str) -> None:
        """Something takes time, was passed over, or is not as usual; a line of text says what."""


class Listeners(Listener):
    """Several listeners as one: each receives everything, in the order given."""

    def __init__(self, listeners: Iterable[Listener]) -> None:
        self.listeners = tuple(listeners)

    def started(self, run: "Run") -> None:
        for listener in self.listeners:
            listener.started(run)

    def row(self, row: Mapping[str, float]) -> None:
        for listener in self.listeners:
            listener.row(row)

    def paused(self, kind: str, seconds: float) -> None:
        for listener in self.listeners:
            listener.paused(kind, seconds)

    def first_sounds(self, step: int, folder: Path) -> None:
        for listener in self.listeners:
            listener.first_sounds(step, folder)

    def validated(self, result: "ValidationResult") -> None:
        for listener in self.listeners:
            listener.validated(result)

    def previewed(self, preview: "Preview") -> None:
        for listener in self.listeners:
            listener.previewed(preview)

    def note(self, text: str) -> None:
        for listener in self.listeners:
            listener.note(text)
