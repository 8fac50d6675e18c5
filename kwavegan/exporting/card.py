"""The model card beside an exported generator: what it is, what made it, and what it is worth."""

import json
from dataclasses import dataclass
from pathlib import Path

from kwavegan.backend.selection import versions
from kwavegan.errors import InputError, shell_command
from kwavegan.evaluation.results import Evaluation, load_evaluation
from kwavegan.generation.generator import SoundGenerator
from kwavegan.reporting.markdown import code, escaped
from kwavegan.reporting.tables import comparison_table

_NOT_STATED = "not stated: ask whoever made the recordings before you publish sounds"

_USE = {
    "onnx": """\
```python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession({file})
latent = {latent}.astype("float32")
(audio,) = session.run(None, {{{inputs}}})  # ({shape}), {rate} Hz
```

Inputs are `latent`, (batch, {latent_dim}) float32{label}.
The output is `audio`, ({shape}) float32 in -1…1.
The file's metadata has what the table says.
""",
    "keras": """\
```python
import keras
import numpy as np

import kwavegan.networks.generators  # the layers that Keras must know

generator = keras.models.load_model({file})
latent = {latent}.astype("float32")
audio = generator.predict({{{inputs}}})  # ({shape}), {rate} Hz
```
""",
    "saved_model": """\
```python
import numpy as np
import tensorflow as tf

generator = tf.saved_model.load({file})
latent = {latent}.astype("float32")
audio = generator.serve({{{inputs}}})  # ({shape}), {rate} Hz
```
""",
    "torch": """\
```python
import numpy as np
import torch

generator = torch.export.load({file}).module()
latent = torch.tensor({latent}.astype("float32"))
with torch.no_grad():
    audio = generator({{{inputs}}})  # ({shape}), {rate} Hz
```
""",
}
"""Format → how to use it."""

_LABELS = {"saved_model": 'np.zeros(8, "int32")', "torch": "torch.zeros(8, dtype=torch.int64)"}
"""Format → labels in its code, where they are not NumPy's own whole numbers."""

_LATENTS = {
    "uniform": "np.random.default_rng(0).uniform(-1, 1, (8, {}))",
    "normal": "np.random.default_rng(0).standard_normal((8, {}))",
}


@dataclass(frozen=True)
class Origin:
    """Where a generator comes from.

    Attributes:
        generator: the generator.
        licence: of the recordings that it was trained on; "" where nobody said.
    """

    generator: SoundGenerator
    licence: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """What is known of it, by name: the metadata of an exported file."""
        made, config = self.generator, self.generator.config
        return {
            "run": made.run.name,
            "step": str(made.step),
            "labels": json.dumps(made.combinations, ensure_ascii=False),
            **({"attributes": json.dumps(made.attributes.names)} if made.attributes.codes else {}),
            "rate": str(config.rate),
            "length": str(config.length),
            "channels": str(config.channels),
            "latent_dim": str(config.latent_dim),
            "latent_distribution": config.latent_distribution,
            "data": Path(config.data).name or "the built-in drums",
            "from": Path(config.origin).name,
            "licence": self.licence or "not stated",
            "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
        }


def model_card(origin: Origin, file: str, form: str) -> str:
    """Return the card in Markdown.

    Args:
        origin: the generator, and what the user says about it.
        file: name of the exported file.
        form: its format, of `kwavegan.exporting.FORMATS`.
    """
    facts, config = origin.facts, origin.generator.config
    labels = origin.generator.labels
    rows = {
        "labels": ", ".join(f"{i}: {label}" for i, label in enumerate(labels)) or "none",
        **_never_heard(origin.generator),
        "a sound": f"{config.length:,} samples at {config.rate:,} Hz "
        f"({config.length / config.rate:.3g} s), {('mono', 'stereo')[config.channels - 1]}",
        "run": f"{facts['run']}, {origin.generator.which}",
        "trained on": facts["data"] + (f", from {facts['from']}" if facts["from"] else ""),
        "licence of the recordings": origin.licence or _NOT_STATED,
        "exported with": facts["versions"],
    }
    table = "\n".join(f"| {name} | {escaped(value)} |" for name, value in rows.items())
    label = _LABELS.get(form, 'np.zeros(8, "int64")')
    use = _USE[form].format(
        file=json.dumps(file),
        latent=_LATENTS[config.latent_distribution].format(config.latent_dim),
        inputs='"latent": latent' + (f', "label": {label}' if labels else ""),
        shape=f"batch, {config.length}, {config.channels}",
        rate=config.rate,
        latent_dim=config.latent_dim,
        label=", and `label`, (batch,) int64 indices" if labels else "",
    )
    return (
        f"# {escaped(facts['run'])}\n\nA generator of sounds, a GAN that kwavegan trained: "
        f"{code(file)}.\n\n"
        f"| | |\n|---|---|\n{table}\n\n"
        f"## Use\n\n{use}\n"
        f"A sound is a function of its latent{' and label' if labels else ''} alone: latents drawn "
        f"{'uniformly in -1…1' if config.latent_distribution == 'uniform' else 'normally'} give "
        f"new sounds.\n\n## Measures\n\n{_measures(origin.generator)}"
    )


def _never_heard(generator: SoundGenerator) -> dict[str, str]:
    """Return the rows about labels with several attributes."""
    found = generator.attributes
    if not found.codes:
        return {}
    others = enumerate(found.labels[found.heard :], start=found.heard)
    return {
        "a label says": " / ".join(found.names),
        "never heard in training": ", ".join(f"{i}: {label}" for i, label in others) or "none",
    }


def _measures(generator: SoundGenerator) -> str:
    evaluation = _evaluation(generator)
    if evaluation is None:
        run = generator.run
        command = shell_command("evaluate", run.name, checkpoint=generator.step)
        return f"Not evaluated; {code(command)} does it.\n"
    counts = evaluation.sounds
    return (
        f"Of {counts['generated']:,} generated sounds, beside what {counts['test']:,} real ones "
        "that training never saw get; arrows say which numbers are better.\n\n"
        f"{comparison_table([evaluation], 'markdown')}\n"
        + "".join(f"\n- {escaped(warning)}" for warning in evaluation.warnings)
        + ("\n" if evaluation.warnings else "")
    )


def _evaluation(generator: SoundGenerator) -> Evaluation | None:
    """Return the evaluation of the very checkpoint; None where there is none that can be read."""
    try:
        return load_evaluation(generator.run, generator.step)
    except InputError:
        return None
