"""The conditions of the dissertation's experiments, and the numbers it printed.

Everything here is a constant or a setting, so that the page is written without Keras.
"""

from dataclasses import dataclass, field, fields
from typing import Any

from kwavegan.config.resolution import resolve
from kwavegan.config.settings import Config
from scripts.common.runner import DOCS

RESULTS = DOCS / "dissertation"

LENGTH, WIDTH = 1_024, 16
ITERATIONS = 5_000
BOUND = 100.0
"""What a loss must pass, plus or minus, for a run to have diverged (3.3)."""

MODELS = {"wgan": "dissertation-wgan", "cwgan": "dissertation-cwgan-gp"}
FROZEN, LIVE = "frozen", "live"
SHUFFLES = (FROZEN, LIVE)
AGREEING = "agreeing"
"""Frozen too, but alike on all branches: not in his tables, a control for them."""

ALL_SHUFFLES = (FROZEN, AGREEING, LIVE)
"""Every kind of shuffle that a trial can have."""

BRANCHES = ("real", "fake", "mixed")
"""The calls of the discriminator that his listing gives a shift each."""

CHUNK = 50
"""Iterations between two looks at the losses."""

LOGGED = (
    "d_loss",
    "g_loss",
    "peak_loss",
    "d_adversarial_loss",
    "gradient_penalty",
    "real_score",
    "fake_score",
)
"""What a trial keeps of each iteration."""

G_UPDATES = 5
"""Generator updates to one of the discriminator, the ratio that the dissertation settled on."""


@dataclass(frozen=True, order=True)
class Condition:
    """One column of a table for one model."""

    model: str
    lr: float = 1e-4
    batch_size: int = 64
    gp_weight: float = 10.0
    d_updates: int = 1

    def config(self, seed: int, labels: tuple[str, ...], rate: int, **own: Any) -> Config:
        """Return the run's settings: the original WaveGAN's but for the condition."""
        options = {
            "lr": self.lr,
            "batch_size": self.batch_size,
            "gp_weight": self.gp_weight,
            "d_updates": self.d_updates,
            "seed": seed,
            "labels": labels,
            "rate": rate,
            "length": LENGTH,
            "channels": 1,
            "width": WIDTH,
            "steps": ITERATIONS,
            **own,
        }
        return resolve(preset=MODELS[self.model], options=options)


CONDITION_FIELDS = tuple(each.name for each in fields(Condition))
"""The columns of a row that hold its condition."""


@dataclass(frozen=True)
class Table:
    """A table: one hyperparameter of one model.

    Args:
        number: in the dissertation.
        model: `"wgan"` or `"cwgan"`.
        name: the hyperparameter, a field of `Condition`.
        title: what it is called.
        printed: the thousands of iterations that ten runs survived, by value.
    """

    number: int
    model: str
    name: str
    title: str
    printed: dict[float, tuple[int, ...]]

    def condition(self, value: float) -> Condition:
        """Return the condition of one of its columns."""
        # 10 of λ is 10.0, as a row of the results has it.
        default = getattr(Condition(self.model), self.name)
        return Condition(self.model, **{self.name: type(default)(value)})


TABLES = (
    Table(8, "wgan", "lr", "learning rate", {
        1e-4: (2, 5, 4, 4, 4, 3, 3, 5, 4, 3), 1e-5: (5,) * 10,
    }),
    Table(9, "cwgan", "lr", "learning rate", {
        1e-4: (1, 0, 0, 0, 1, 0, 0, 0, 0, 0), 1e-5: (5, 5, 4, 5, 5, 5, 5, 3, 5, 4),
    }),
    Table(10, "wgan", "batch_size", "batch size", {
        8: (5, 5, 4, 5, 5, 4, 4, 5, 5, 5), 16: (5, 5, 4, 4, 5, 5, 3, 5, 5, 3),
        32: (3, 5, 4, 4, 5, 5, 5, 5, 4, 5), 64: (3, 4, 3, 3, 3, 3, 5, 3, 4, 5),
    }),
    Table(11, "cwgan", "batch_size", "batch size", {
        8: (2, 0, 0, 0, 0, 0, 0, 0, 0, 1), 16: (0, 0, 0, 0, 0, 0, 0, 5, 0, 0),
        32: (1, 0, 0, 0, 0, 3, 0, 0, 0, 0), 64: (0, 0, 0, 2, 1, 0, 0, 1, 0, 0),
    }),
    Table(12, "wgan", "gp_weight", "λ", {
        10: (3, 3, 5, 4, 4, 3, 5, 3, 4, 4), 100: (5, 4, 3, 5, 5, 5, 5, 5, 5, 5),
    }),
    Table(13, "cwgan", "gp_weight", "λ", {
        10: (0,) * 10, 100: (0, 1, 1, 1, 3, 0, 0, 1, 3, 0),
    }),
    Table(14, "wgan", "d_updates", "discriminator updates", {
        1: (3, 5, 3, 5, 5, 3, 4, 5, 4, 3), 2: (1, 1, 1, 5, 1, 2, 1, 5, 1, 1),
        3: (5, 0, 1, 0, 0, 1, 1, 0, 5, 0), 4: (5, 5, 0, 0, 0, 0, 0, 1, 0, 0), 5: (0,) * 10,
    }),
    Table(15, "cwgan", "d_updates", "discriminator updates", {
        1: (0, 0, 0, 0, 2, 0, 0, 0, 0, 1), 2: (0, 0, 2, 0, 0, 0, 0, 0, 0, 0), 3: (0,) * 10,
        4: (0,) * 10, 5: (0,) * 10,
    }),
)  # fmt: skip
"""Appendix E of the dissertation."""

AVERAGES = {
    8: (3.7, 5), 9: (0.2, 4.5), 10: (4.7, 4.4, 4.6, 3.6), 11: (0.3, 0.5, 0.4, 0.4),
    12: (3.7, 4.5), 13: (0, 1), 14: (4, 1.9, 1.3, 1.1, 0), 15: (0.3, 0.2, 0, 0, 0),
}  # fmt: skip
"""The averages as printed, in thousands; a few differ from those of the runs above them."""


def conditions(model: str) -> list[Condition]:
    """Return the distinct conditions of a model's four tables."""
    columns = {t.condition(v): None for t in TABLES if t.model == model for v in t.printed}
    return list(columns)


# -- The ablation ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variant:
    """One way to train the listing's networks, in the ablation.

    Args:
        preset: of `train`.
        shuffle: one of `ALL_SHUFFLES`.
        faulty_labels: whether generated audio has labels of its own, and the penalty the fault.
        options: settings that differ from the preset.
    """

    preset: str = "dissertation-cwgan"
    shuffle: str = FROZEN
    faulty_labels: bool = True
    options: dict[str, Any] = field(default_factory=dict)


_GP = {"loss": "wgan-gp"}
VARIANTS = {
    "as printed": Variant(),
    "live shuffle": Variant(shuffle=LIVE),
    "agreeing shuffle": Variant(shuffle=AGREEING),
    "penalty": Variant(options=_GP),
    "penalty, right labels": Variant(options=_GP, faulty_labels=False),
    "small generator": Variant(options={"generator": "waveform"}),
    "gated label": Variant(options={"conditioning": "gate"}),
    "all mended": Variant(
        shuffle=LIVE,
        faulty_labels=False,
        options={**_GP, "generator": "waveform", "conditioning": "gate"},
    ),
    "acgan as printed": Variant("dissertation-acgan", faulty_labels=False),
    "acgan, class loss mended": Variant(
        "dissertation-acgan", faulty_labels=False, options={"class_loss": "generator"}
    ),
    "acgan, all mended": Variant(
        "dissertation-acgan",
        shuffle=LIVE,
        faulty_labels=False,
        options={"class_loss": "generator", "generator": "waveform"},
    ),
    "wgan as printed": Variant("dissertation-wgan", faulty_labels=False),
    "wgan, live shuffle": Variant("dissertation-wgan", shuffle=LIVE, faulty_labels=False),
}
"""The listing's networks with its defects mended one at a time, then all together."""
