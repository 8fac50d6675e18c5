"""`scripts/benchmarks/`: how it counts, what it compares with, and the table it writes."""

import json

import numpy as np
import pytest
from keras import ops
from support.gans import BATCH, arrays, relative_error, tiny_architecture, whole

from kwavegan.backend import autodiff
from kwavegan.networks.build import build_networks
from scripts.benchmarks import table
from scripts.benchmarks.counting import Cost, cost_of, step_multiply_adds
from scripts.benchmarks.passes import profile
from scripts.benchmarks.plain import plain_discriminator, plain_generator
from scripts.benchmarks.rows import Bench, row, side


def test_multiply_adds_of_a_tiny_network_are_those_counted_by_hand():
    generator, discriminator = (cost_of(network) for network in build_networks(tiny_architecture()))
    # 8 + 4 values to 16 frames of 4; 16 frames in, 25 taps, 4 to 2; 64 frames in, 25 taps, 2 to 1.
    assert generator == Cost(12 * 64 + 16 * 25 * 4 * 2 + 64 * 25 * 2 * 1, 12 * 64)
    # 64 frames out, 25 taps, 2 gated channels to 2; 16 frames out, 25 taps, 2 to 4; 16 × 4 to 1.
    assert discriminator == Cost(64 * 25 * 2 * 2 + 16 * 25 * 2 * 4 + 16 * 4, 64 * 25 * 2 * 2)


@pytest.mark.parametrize(
    ("penalty", "pairs", "updates", "count"),
    [
        # Generator 100, first layer 10; discriminator 1000, first layer 1.
        ("none", False, 1, 100 + (6000 - 2) + (300 - 10) + 2000),
        ("gp", False, 1, 100 + (6000 - 2) + 4000 + (300 - 10) + 2000),
        ("gp", False, 5, 5 * (100 + (6000 - 2) + 4000) + (300 - 10) + 2000),
        ("r1r2", True, 1, 100 + 10_000 + (300 - 10) + 3000),
    ],
)
def test_multiply_adds_of_a_step_are_its_passes(penalty, pairs, updates, count):
    assert step_multiply_adds(Cost(100, 10), Cost(1000, 1), penalty, pairs, updates) == count


def test_the_plain_networks_are_the_same_networks():
    a = tiny_architecture()
    rng = np.random.default_rng(0)
    inputs = {
        "latent": rng.uniform(-1, 1, (BATCH, a.latent_dim)).astype("float32"),
        "audio": rng.uniform(-1, 1, (BATCH, a.length, 1)).astype("float32"),
        "label": rng.integers(0, 2, BATCH).astype("int32"),
        "shifts": rng.integers(-2, 3, (BATCH, a.shuffles)).astype("int32"),
    }
    plain = plain_generator(a), plain_discriminator(a)
    for ours, theirs in zip(build_networks(a, seed=1), plain, strict=True):
        theirs.set_weights(ours.get_weights())
        fed = {name: ops.convert_to_tensor(inputs[name]) for name in ours.input}
        got, want = (arrays(_flat(whole(network)(fed))) for network in (theirs, ours))
        assert relative_error(got[0], want[0]) < 1e-4


def _flat(output):
    return list(output.values()) if isinstance(output, dict) else [output]


def test_sides_are_repeated_in_turn():
    done = []
    sides = {name: lambda count, name=name: done.append(name) for name in "ab"}
    seconds = Bench("jax", "cpu", quick=True, repeat=3).interleave(sides)
    assert "".join(done) == "aabb" + "ababab"
    assert {name: len(values) for name, values in seconds.items()} == {"a": 3, "b": 3}


def test_a_profile_adds_up_to_the_whole_step():
    parts = profile(Bench(autodiff.BACKEND, "cpu", quick=True, repeat=1))
    whole = parts.pop("whole")
    assert whole == pytest.approx(sum(parts.values()))
    assert parts["generator's layers"] > 0
    assert parts["optimizers, average, noise, logs"] > 0


def result(backend, seconds, load=0.1, more=()):
    ours, plain = side("ours", [seconds] * 3), side("plain", [4.2 * seconds] * 3)
    step = row("step", 4.2, "×", 4.0 if backend == "jax" else 1.2, True, ours, plain)
    return {
        "backend": backend,
        "device": "cpu",
        "quick": False,
        "cpu": "Some CPU",
        "cores": 2,
        "date": "2026-01-02T03:04:05+00:00",
        "load": load,
        "versions": {"kwavegan": "0.1.0", "keras": "3.15.1", backend: "1.2.3"},
        "rows": [step, *more],
    }


def test_the_table_comes_from_the_files(tmp_path):
    slow_help = row("help", 0.5, "s", 0.4, False, side("x", [1.0]), side("y", [0.5]))
    half = row("bfloat16", 0.9, "×", None, True, side("x", [1]), side("y", [0.9]), "no such unit")
    written = {
        "jax": result("jax", 0.5, more=[slow_help, half]),
        "torch": result("torch", 0.8, load=3.0),
    }
    for backend, measured in written.items():
        (tmp_path / f"{backend}.json").write_text(json.dumps(measured))
    results = table.read(tmp_path, ("jax", "torch", "tensorflow"))
    assert results == written
    lines = table.render(results).splitlines()
    assert lines[0] == "| | bar | jax | torch |"
    assert lines[2].endswith("| ≥ 4.00× (jax), ≥ 1.20× (torch) | 4.20× ✓ | 4.20× ✓ |")
    assert lines[3].endswith("| ≤ 1.50× | 1.60× ✗ |  |")  # 0.8 s against 0.5 s
    assert lines[4].endswith("| none | 0.90× | – |")
    assert lines[5].endswith("| ≤ 0.40 s | 0.50 s ✗ |  |")
    text = "\n".join(lines)
    assert "torch ÷ jax" in text
    assert "no such unit" in text
    assert text.count("not idle") == 1


def test_the_table_takes_its_place_on_a_page_and_leaves_the_rest():
    new = table.placed("| a |\n", None)
    assert new.startswith("# Performance")
    again = table.placed("| b |\n", new + "\nMine.\n")
    assert "| a |" not in again
    assert again.count(table.BEGIN) == again.count("| b |") == 1
    assert again.endswith("Mine.\n")
    assert table.placed("| c |\n", "Only mine.\n").startswith("Only mine.\n\n" + table.BEGIN)
