"""`scripts/experiments/`: the alternatives are what they say, and a table is made once."""

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from keras import ops
from support.gans import arrays, batch_of, relative_error, train_once, whole

from kwavegan.config.resolution import resolve
from kwavegan.gan.state import capture_state
from kwavegan.training.build import build_gan
from scripts.common.runner import ResultTable, read_rows, run_all
from scripts.experiments import run
from scripts.experiments.alternatives import ALTERNATIVES, RepeatConv1D

TINY = {
    "length": 256,
    "critic": "waveform",
    "rate": 2048,
    "channels": 1,
    "width": 2,
    "latent_dim": 4,
    "labels": ("high", "low", "other"),
    "gamma_final": 1.0,
}


def tiny_config(**changes):
    return resolve(options={**TINY, **changes})


def discriminator_losses(gan, seeds):
    """Return the parts of the discriminator's loss for each seed of phases, latents and ε."""
    weights = [v.value for v in gan.discriminator.trainable_variables]
    generator = [v.value for v in gan.generator.weights]
    [batch] = gan.batches(tuple(map(ops.convert_to_tensor, batch_of(gan, batch=8))))
    generate = whole(gan.objectives.generate)
    judge = whole(gan.objectives.discriminator_loss_and_gradients)
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        gan.seed_generator.state.assign(gan.seed_generator.state * 0 + seed + 1)
        noise = gan.draw_noise(8)["discriminator"][0]
        fake = ops.stop_gradient(generate(generator, batch, noise))
        _, parts, _ = judge(weights, batch, fake, noise, gan.gamma())
        yield {name: float(ops.convert_to_numpy(value)) for name, value in parts.items()}


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_each_alternative_trains_and_its_checkpoint_has_a_fixed_shape(name):
    gan = ALTERNATIVES[name](tiny_config())
    before = capture_state(gan)
    train_once(gan)
    after = capture_state(gan)
    assert before.keys() == after.keys()
    moved = [name for name in after if (before[name] != after[name]).any()]
    assert any(name.startswith("generator/") for name in moved)


def test_the_estimated_penalty_is_near_the_exact_one():
    (exact,) = discriminator_losses(build_gan(tiny_config()), [0])
    gan = ALTERNATIVES["estimated-penalty"](tiny_config())
    estimates = [loss["gradient_penalty"] for loss in discriminator_losses(gan, range(12))]
    # Each is a mean over 16 examples of a chi-square variable times the exact value.
    assert np.mean(estimates) == pytest.approx(exact["gradient_penalty"], rel=0.25)


def test_repeated_frames_take_the_place_of_every_transposed_convolution():
    config = tiny_config()
    plain, repeating = build_gan(config), ALTERNATIVES["nearest-neighbours"](config)
    kinds = [type(layer).__name__ for layer in repeating.generator.layers]
    assert "StridedConv1DTranspose" not in kinds
    assert kinds.count("RepeatConv1D") > 0
    assert repeating.generator.output.shape == plain.generator.output.shape
    assert any(isinstance(layer, RepeatConv1D) for layer in repeating.ema_generator.layers)


def test_he_weights_are_larger_by_what_the_outputs_would_have_taken():
    config = tiny_config()
    glorot, he = build_gan(config), ALTERNATIVES["he-weights"](config)
    for network in ("generator", "discriminator"):
        for a, b in zip(
            getattr(glorot, network).weights, getattr(he, network).weights, strict=True
        ):
            before, after = arrays([a, b])
            if before.ndim < 2 or a.name == "embedding":
                assert (before == after).all()
                continue
            inputs, outputs = before.shape[-2:]
            if "up_" in a.path:
                inputs, outputs = outputs, inputs
            assert relative_error(after, before * np.sqrt(1 + outputs / inputs)) < 1e-5, a.path


def test_trials_run_once_in_their_order_and_a_killed_one_runs_again(tmp_path):
    table = ResultTable(tmp_path / "table.csv", ("name", "seed", "value"), ("name", "seed"))
    ran = []

    def trial(name, fails=False):
        ran.append(name)
        if fails:
            raise KeyboardInterrupt
        return [{"name": name, "seed": 0, "value": n} for n in range(2)]

    def trials(**fails):
        return {(name, "0"): lambda name=name: trial(name, fails.get(name)) for name in "cab"}

    with pytest.raises(KeyboardInterrupt):
        run_all(trials(a=True), table, tmp_path / "work")
    assert [(row["name"], row["value"]) for row in table.rows()] == [("c", "0"), ("c", "1")]
    run_all(trials(), table, tmp_path / "work")
    assert ran == ["c", "a", "a", "b"]
    assert table.finished() == {("a", "0"), ("b", "0"), ("c", "0")}


def test_a_setting_that_does_not_exist_is_refused_before_anything_is_run():
    result = CliRunner().invoke(run.main, ["name", "--set", "colour=1", "--variant", "default"])
    assert result.exit_code == 2
    assert "colour" in result.output


def test_an_experiment_makes_a_row_for_each_variant_and_seed_and_none_twice(
    dataset, tmp_path, monkeypatch
):
    made = []

    def run_variant(folder, variant, config, data):
        made.append((folder.name, config.steps, config.class_weight))
        return [{**dict.fromkeys(run.COLUMNS, ""), "variant": variant, "seed": config.seed}]

    monkeypatch.setattr(run, "run_variant", run_variant)
    out = tmp_path / "table.csv"
    given = ["sines", str(dataset.path), "--variant", "default", "--variant", "class-weight-1"]
    given += ["--set", "class_weight=0.1"]
    given += ["--seeds", "2", "--steps", "7", "--out", str(out), "--runs-dir", str(tmp_path)]
    for _ in range(2):
        CliRunner().invoke(run.main, given, catch_exceptions=False)
    assert made == [
        ("sines.default-s0", 7, 0.1),
        ("sines.class-weight-1-s0", 7, 1.0),
        ("sines.default-s1", 7, 0.1),
        ("sines.class-weight-1-s1", 7, 1.0),
    ]
    assert len(read_rows(out)) == 4
