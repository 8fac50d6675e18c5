"""A generator as an ONNX model, written from the description that NumPy plays it by.

No backend and no Keras takes part, so that the file is the same whichever trained the run.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kwavegan.exporting import onnx_parts as parts
from kwavegan.exporting.onnx_graph import GraphBuilder, Value, f32, require_onnx
from kwavegan.networks.architecture import FRAMES
from kwavegan.networks.plan import (
    FRAME_RMS,
    OSCILLATORS,
    PARTS,
    FramePlan,
    Head,
    heads_of,
    linear_to,
    openings_of,
    upward_stages,
)
from kwavegan.player import Player

if TYPE_CHECKING:
    import onnx

ABOUT = "A sound generator that kwavegan trained: from latents and labels to audio in -1…1."


def onnx_model(player: Player, metadata: Mapping[str, str] | None = None) -> "onnx.ModelProto":
    """Return a generator as an ONNX model.

    Its inputs are `latent`, (batch, latent_dim) float32, and `label`, (batch,) int64 indices, for a
    network that takes it; its output is `audio`, (batch, length, channels) float32 in −1…1. The
    batch may be of any size. A sound is a function of its latent and label alone.

    Args:
        player: the trained generator.
        metadata: texts to store with it, by name.

    Raises:
        InputError: the package `onnx` is missing.

    Example:
        >>> import kwavegan
        >>> from kwavegan.exporting import onnx_model
        >>> model = onnx_model(kwavegan.load_pretrained("drums").player)
        >>> [value.name for value in [*model.graph.input, *model.graph.output]]
        ['latent', 'label', 'audio']
    """
    require_onnx()
    from onnx import TensorProto, helper

    a = player.architecture
    inputs = [helper.make_tensor_value_info("latent", TensorProto.FLOAT, ["batch", a.latent_dim])]
    if a.conditional:
        inputs.append(helper.make_tensor_value_info("label", TensorProto.INT64, ["batch"]))
    shape: list[str | int | None] = ["batch", a.length, a.channels]
    output = helper.make_tensor_value_info("audio", TensorProto.FLOAT, shape)
    graph = _Generator(player)
    model = graph.model(inputs, output, graph.audio(), ABOUT)
    helper.set_model_props(model, dict(metadata or {}))
    return model


class _Generator(GraphBuilder):
    """The network of a player as nodes; its methods are those of `Player`."""

    def __init__(self, player: Player) -> None:
        super().__init__()
        self.a, self.weights, self.player = player.architecture, player.weights, player

    def audio(self) -> Value:
        """Return the sounds."""
        a = self.a
        made = self._synthesized() if a.generator == "istft" else self._upsampled()
        return parts.within_one(self, self.cut(made, 1, 0, a.length), linear_to(a))

    def _synthesized(self) -> Value:
        a, plan = self.a, FramePlan.of(self.a)
        heads = heads_of(a, plan.hop)
        sizes = parts.Sizes(
            latent_dim=a.latent_dim,
            frames=plan.frames,
            hop=plan.hop,
            openings=openings_of(a, plan.hop),
            channels=a.channels,
            bands=heads["noise_levels"].units // a.channels,
            count=OSCILLATORS,
            rate=a.rate,
            pitch=a.pitch,
        )
        x = self.add("Relu", self._label_and_dense(plan.first))
        for stage in range(1, len(plan.filters)):
            x = self.add("Relu", parts.conv_transpose(self, self.weights, f"up_{stage}", x, 2))
        values = self._heads(heads, parts.rms_limited(self, x, FRAME_RMS))
        audio = self._sounding(values, sizes)
        gated = [
            parts.gated(self, audio[part], values[f"{part}_openness"], sizes) for part in PARTS
        ]
        mixed = self.sum_of(*gated)
        return mixed if a.channels == 1 else self._left_and_right(mixed)

    def _heads(self, heads: Mapping[str, Head], x: Value) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for name, head in heads.items():
            scaled = self.times(parts.dense(self, self.weights, name, x), f32(head.scale))
            shared = [values[head.shared]] if head.shared else []
            values[name] = self.sum_of(scaled, f32(head.offset), *shared)
        return values

    def _sounding(self, values: Mapping[str, Value], sizes: parts.Sizes) -> dict[str, Value]:
        """Return the audio of each part, before its gate."""
        direction = parts.direction_of(self, "latent")
        levels = {
            part: parts.varied(self, values[name], values[f"{part}_variation"], direction, sizes)
            for part, name in PARTS.items()
        }
        own = levels["tones"], values["tone_spreads"]
        tones = parts.detuned(self, values["bins"], *own, direction, sizes)
        noise = self._noise(levels["noise"], values, direction, sizes)
        return {
            "tones": parts.inverse_stft(self, tones, sizes),
            "noise": parts.inverse_stft(self, noise, sizes),
            "sweeps": parts.sweeps(self, values["pitches"], levels["sweeps"], sizes),
        }

    def _noise(
        self, levels: Value, values: Mapping[str, Value], direction: Value, sizes: parts.Sizes
    ) -> parts.Pair:
        if not self.a.pitch:
            return parts.latent_noise(self, levels, direction, sizes)
        breath, voice = parts.voicing(self, levels, values["voicing_in_bands"])
        noise = parts.latent_noise(self, breath, direction, sizes)
        pulses = parts.latent_pulses(self, voice, direction, sizes)
        return self.sum_of(noise[0], pulses[0]), self.sum_of(noise[1], pulses[1])

    def _upsampled(self) -> Value:
        a = self.a
        if a.conditional and a.generator == "dissertation":
            own = self.add("Gather", self.player.label_table, "label")
            units = self.add(
                "Concat", parts.dense(self, self.weights, "dense", "latent"), own, axis=1
            )
            x = parts.from_one_frame(self, self.weights, "up_0", self.add("Relu", units))
        else:
            x = self._label_and_dense(FRAMES)
        for stage, (stride, _) in enumerate(upward_stages(a), start=1):
            x = self.add("Relu", x)
            x = parts.conv_transpose(self, self.weights, f"up_{stage}", x, stride)
        return x

    def _label_and_dense(self, frames: int) -> Value:
        x: Value = "latent"
        if self.a.conditional:
            x = self.add("Concat", x, self.add("Gather", self.player.label_table, "label"), axis=1)
        units = parts.dense(self, self.weights, "dense", x)
        return self.reshape(units, -1, frames, len(self.weights["dense/bias"]) // frames)

    def _left_and_right(self, audio: Value) -> Value:
        middle, side = (self.cut(audio, 2, i, i + 1) for i in (0, 1))
        both = self.sum_of(middle, side), self.minus(middle, side)
        return self.add("Concat", *both, axis=-1)
