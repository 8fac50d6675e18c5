"""Commands on run folders that someone made on purpose: one line, no memory, nothing elsewhere."""

import json
import os
import re
import tracemalloc

import numpy as np
import pytest
import soundfile as sf
from support.players import tiny_run
from support.runs import written_run

from kwavegan.control.kept import control_path, directions_of, keep, read_kept
from kwavegan.errors import InputError
from kwavegan.evaluation.results import load_evaluation
from kwavegan.generation import load_generator
from kwavegan.generation.provenance import weights_digest
from kwavegan.layers import tables
from kwavegan.monitoring.previews import PreviewStore
from kwavegan.runs.run import Run
from kwavegan.storage import csv_log, reading

MISSING = {
    "rate": "rate = 0",
    "length": "length = 0",
    "channels": "channels = 0",
    "labels": "labels = []",
}


def with_line(run, name, line):
    path = run.path / "config.toml"
    path.write_text(
        re.sub(rf"^{name} = (\[[^]]*\]|.*)", line, path.read_text(), flags=re.MULTILINE)
    )


@pytest.mark.parametrize("name", MISSING)
def test_settings_that_no_training_has_end_in_one_line(tmp_path, cli, name):
    run = written_run(tmp_path / "runs")
    tiny = tiny_run(tmp_path / "runs")
    for each in (run, tiny.run):
        with_line(each, name, MISSING[name])
    cli.refuse("generate", "tiny", "-n", 1, "--out", tmp_path / "out")
    cli("report", "run", "--out", tmp_path / "page.html")
    cli("runs")
    if name in ("rate", "length"):
        assert "restore it" in cli.refuse("plot", "run", "--kind", "waves")


VAST = {
    "width": "width = 1024",
    "length": "length = 1048576",
    "latents": "latent_dim = 4096",
    "generator": "generator = 'waveform'",
    "embedding": "label_embedding = 1024",
}


@pytest.mark.parametrize(
    "changes", [["width", "length"], ["latents"], ["generator", "width"], VAST]
)
def test_a_config_that_describes_a_vast_network_takes_no_memory(tmp_path, changes):
    generator = tiny_run(tmp_path / "runs")
    for name in changes:
        with_line(generator.run, VAST[name].split(" = ")[0], VAST[name])
    tracemalloc.start()
    with pytest.raises(InputError, match=r"restore the run's own config\.toml"):
        load_generator(generator.run.path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 << 20


def test_a_table_for_latents_has_a_bound():
    with pytest.raises(InputError, match="latent_dim: 4096 dimensions need tables"):
        tables.noise_tables(4096, 2**20, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    generator = tiny_run(tmp_path / "runs")
    run, part = generator.run, generator.config.inference_part
    weights = {f"{part}/{name}": array for name, array in generator.player.weights.items()}
    weights[f"{part}/dense/bias"] = np.full_like(weights[f"{part}/dense/bias"], value)
    run.save_checkpoint(700, weights, {})
    with pytest.raises(InputError, match="dense/bias of the checkpoint is not finite"):
        load_generator(run.path)


def test_weights_that_overflow_make_no_file(tmp_path, cli):
    generator = tiny_run(tmp_path / "runs", generator="waveform")
    part = f"{generator.config.inference_part}/"
    weights = {part + n: np.full_like(w, 3e38) for n, w in generator.player.weights.items()}
    generator.run.save_checkpoint(700, weights, {})
    out = tmp_path / "out"
    words = cli.refuse("generate", "tiny", "-n", 1, "--out", out)
    assert "step 700 makes sounds that are not finite" in words
    assert not list(out.glob("*.wav"))


def test_a_preview_of_hours_is_not_decoded(tmp_path):
    run = written_run(tmp_path / "runs", steps=(200,))
    path = next((run.path / "previews" / "real").glob("*.wav"))
    sf.write(path, np.zeros(20_000_000, "int16"), 4096, format="FLAC", subtype="PCM_16")
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    clips = PreviewStore(run).real()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert {clip.audio.shape for clip in clips} == {(1024, 1)}
    assert peak < 32 << 20


def test_json_and_logs_have_bounds(tmp_path, monkeypatch):
    run = written_run(tmp_path / "runs")
    monkeypatch.setattr(reading, "MOST_JSON", 1_000)
    with pytest.raises(ValueError, match="larger"):
        reading.parse_json("[" + "1," * 1_000 + "1]")
    monkeypatch.setattr(csv_log, "MOST_ROWS", 2)
    with pytest.raises(InputError, match=r"metrics\.csv: more than 2 rows"):
        csv_log.read_metrics(run.path / "metrics.csv")


# -- What was measured ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        *(
            {name: value}
            for name in ("overall", "labels", "external")
            for value in ([], None, {"a": 3})
        ),
        *({"classifier": value} for value in ([], {"digest": 3, "accuracy": 1}, {"accuracy": "1"})),
        *({"sounds": value} for value in ([], {"compared": "5"}, {"compared": -1})),
        *({"about": value} for value in ([], {}, {"data": 5})),
        *({"warnings": value} for value in ("x", [5], {})),
        *(
            {"overall": {"label_accuracy": row}}
            for row in ({"value": "x"}, {"value": 1}, [1, 2, 3, 4])
        ),
        *({"run": 5}, {"step": "5"}, {"step": None}),
    ],
)
def test_an_evaluation_of_other_types_is_damaged(tmp_path, change):
    run = evaluated(tmp_path)
    path = run.evaluation_path(600)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match="damaged; evaluate again"):
        load_evaluation(run)


def evaluated(tmp_path):
    from kwavegan.runs.pretrained import FOLDER

    run = written_run(tmp_path / "runs")
    (source,) = (FOLDER / "drums" / "evaluations").glob("*.json")
    path = run.evaluation_path(600)
    path.parent.mkdir()
    path.write_text(source.read_text())
    return run


@pytest.mark.parametrize(
    "directions", [[], "x", {"kick": 5}, {"kick": {"loudness": {"step": "x"}}}]
)
def test_directions_of_other_types_are_measured_anew(tmp_path, directions):
    generator = tiny_run(tmp_path / "runs")
    path = control_path(generator)
    path.parent.mkdir()
    digest = weights_digest(generator.player)
    path.write_text(json.dumps({"step": 600, "weights": digest, "directions": directions}))
    assert directions_of(generator, ["kick"])["kick"]["loudness"].step.shape == (8,)
    assert set(read_kept(generator)["directions"]) >= {"kick"}


def test_a_measure_that_is_not_finite_is_kept_as_json_has_it(tmp_path):
    generator = tiny_run(tmp_path / "runs")
    assert keep(generator, "real", "kick", float("nan")) == ""
    assert "NaN" not in control_path(generator).read_text()
    assert read_kept(generator)["real"] == {"kick": None}


# -- Links ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["control", "plots", "evaluations"])
def test_nothing_is_written_through_a_link_out_of_a_run(tmp_path, cli, name):
    from kwavegan.evaluation.results import save_evaluation

    generator, elsewhere = tiny_run(tmp_path / "runs"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    run = evaluated(tmp_path / "other")
    for each in (generator.run, run):
        path = each.path / name
        if path.exists():
            path.rename(each.path / "before")
        path.symlink_to(elsewhere)
    assert "link out of the run" in keep(generator, "real", "kick", 1.0)
    assert "link out of the run" in cli.refuse("plot", run.path, "--kind", "losses")
    if name != "evaluations":
        with pytest.raises(InputError, match="link out of the run"):
            save_evaluation(run, load_evaluation(run))
    assert os.listdir(elsewhere) == []


def test_a_run_that_is_a_link_itself_is_as_any_other(tmp_path, cli):
    run = written_run(tmp_path / "big-disk")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(run.path)
    cli("plot", "mine", "--kind", "losses")
    with Run.open("mine").lock():
        pass
