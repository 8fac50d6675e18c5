import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile
from support.runs import LENGTH, RATE, written_run

from kwavegan.errors import InputError, setting
from kwavegan.monitoring.health import Finding
from kwavegan.reporting import svg
from kwavegan.reporting.page import MOST_BYTES, write_report
from kwavegan.runs.run import Run
from kwavegan.storage.csv_log import read_metrics

VOID = {"meta", "link", "img", "line", "path", "polyline", "br"}


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, and its text."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.text, self.open, self.cells = [], "", [], {}
        self.feed(path.read_text("utf-8"))
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data
        _, attrs = self.elements[-1] if self.elements else ("", {})
        if "data-column" in attrs:
            self.cells.setdefault(attrs["data-column"], data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def decoded(source):
    assert source.startswith("data:audio/wav;base64,")
    return soundfile.read(io.BytesIO(base64.b64decode(source.split(",", 1)[1])), always_2d=True)


def test_every_player_plays_its_sound_at_the_runs_rate(tmp_path):
    run = written_run(tmp_path)
    page = Page(write_report(run))
    players = page.all("audio")
    # Three pairs of sounds of two labels, and one sound of each label at three steps.
    assert len(players) == 2 * (3 + 3) + 2 * 3
    for player in players:
        sound, rate = decoded(player["src"])
        assert (rate, sound.shape) == (RATE, (LENGTH, 1))
    labels = [player["aria-label"] for player in players]
    assert labels[:6] == [f"{side} kick-{i}" for side in ("real", "generated") for i in range(3)]
    pitches = [np.abs(np.fft.rfft(decoded(p["src"])[0][:, 0])).argmax() * 4 for p in players]
    assert pitches[:6] == [100] * 3 + [600] * 3  # the newest preview beside the real ones
    assert pitches[12:] == [200, 400, 600] * 2  # one latent through training


def test_the_numbers_of_the_page_are_those_of_the_files(tmp_path):
    run = written_run(tmp_path)
    page = Page(write_report(run))
    for name in ("metrics.csv", "validation.csv", "health.csv"):
        for column, value in read_metrics(run.path / name)[-1].items():
            if column not in ("seconds", "step"):
                assert float(page.cells[column]) == value, column
    drawn = [chart["aria-labelledby"] for chart in page.all("svg") if "aria-labelledby" in chart]
    assert drawn == [f"{name}-description" for name in ("loss", "raw", "score", "gradient")] + [
        f"{name}-description" for name in ("frechet", "texture", "accuracy", "diversity")
    ]
    last = read_metrics(run.path / "metrics.csv")[-1]
    assert f"{last['d_loss']:.4g} at step 600" in page.text


def test_the_page_needs_nothing_but_itself(tmp_path):
    path = write_report(written_run(tmp_path))
    text = path.read_text("utf-8")
    assert not re.search(r"https?://", text)
    page = Page(path)
    for _, attrs in page.elements:
        for name in ("src", "href"):
            assert attrs.get(name, "data:").startswith(("data:", "#"))
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in page.elements:  # whatever names another element finds it
        assert attrs.get("aria-labelledby", ids[0]) in ids
    assert all(image["alt"] for image in page.all("img"))


def test_names_and_labels_are_text_never_markup(tmp_path):
    labels = ("<script>alert(1)", 'a"b&c')
    page = Page(write_report(written_run(tmp_path, labels=labels)))
    assert not page.all("script")
    assert labels[0] in page.text
    assert labels[1] in page.text


def test_findings_come_with_evidence_and_advice(tmp_path, monkeypatch):
    sick = Finding("buzzing", "Buzzing", "Lines 21 dB up, past 6.", ("--lr 1e-4",), 21.0, 6.0)
    monkeypatch.setattr("kwavegan.reporting.page.diagnose", lambda run: (sick,))
    page = Page(write_report(written_run(tmp_path)))
    assert [e["data-finding"] for _, e in page.elements if "data-finding" in e] == ["buzzing"]
    for part in (sick.title, sick.evidence, *sick.tries):
        assert part in page.text
    assert "Healthy" not in page.text


def test_a_run_that_has_hardly_begun_has_a_page_that_says_so(tmp_path):
    page = Page(write_report(written_run(tmp_path, steps=())))
    for text in ("Nothing to judge yet", "No previews yet", "No metrics yet"):
        assert text in page.text
    assert not page.all("audio")


def test_a_run_without_labels_has_sounds_all_the_same(tmp_path):
    run = written_run(tmp_path, model="wgan", labels=())
    page = Page(write_report(run))
    assert len(page.all("audio")) == 2 * 3 + 3
    assert "--label" not in page.text


def test_what_is_damaged_is_named_and_left_out(tmp_path):
    run = written_run(tmp_path)
    (run.path / "previews" / "real" / "kick-0.wav").write_bytes(b"")
    (run.path / "evaluations").mkdir()
    (run.path / "evaluations" / "step-00000600.json").write_text("{")
    (run.path / "metrics.csv").write_text("step,d_loss\n1,0.5\n2,no number\n3,0.25\n4,nan\n5,")
    page = Page(write_report(run))
    for text in ("kick-0.wav: is an empty file", "step-00000600.json: damaged"):
        assert text in page.text
    assert any(chart.get("aria-labelledby") == "loss-description" for chart in page.all("svg"))


def test_the_page_stays_small_with_many_labels_long_sounds_and_long_training(tmp_path):
    labels = tuple(f"label {i:02}" for i in range(12))
    size = {"rate": 16384, "length": 2 * 16384, "channels": 2}
    run = written_run(tmp_path, labels=labels, steps=range(200, 2400, 200), **size)
    for step in range(2200, 60_000, 20):
        with (run.path / "metrics.csv").open("a") as file:
            file.write(",".join([str(step), *["0.5"] * 11]) + "\n")
    path = write_report(run)
    assert path.stat().st_size < MOST_BYTES
    assert len(Page(path).all("audio")) > 20


def test_a_page_loads_itself_again_only_while_the_run_is_trained(tmp_path):
    run = written_run(tmp_path)
    assert "location.reload" not in write_report(run, refresh=True).read_text("utf-8")
    run.update(state="running")
    assert "location.reload" in write_report(run, refresh=True).read_text("utf-8")
    assert "location.reload" not in write_report(run).read_text("utf-8")


def test_the_same_run_makes_the_same_page(tmp_path):
    run = written_run(tmp_path)
    first = write_report(run).read_bytes()
    assert write_report(run, out=tmp_path / "other.html").read_bytes() == first


def test_the_command(cli, tmp_path):
    run = written_run(tmp_path / "runs")
    result = cli("report", "--runs-dir", tmp_path / "runs")
    assert result.output == f"written: {run.path / 'report.html'}\n"
    assert "none: no such run" in cli.refuse("report", "none", "--runs-dir", tmp_path / "runs")


def test_settings_in_an_error_are_named_as_options(tmp_path, monkeypatch):
    def damaged(run):
        raise InputError(f"{setting('batch_size')}: damaged")

    run = written_run(tmp_path)
    (run.path / "evaluations").mkdir()
    (run.path / "evaluations" / "step-00000600.json").write_text("{}")
    monkeypatch.setattr("kwavegan.evaluation.results.load_evaluation", damaged)
    assert "--batch-size: damaged" in Page(write_report(run)).text


def test_every_class_has_a_style_and_every_style_an_element(tmp_path):
    path = write_report(written_run(tmp_path))
    page, style = Page(path), path.read_text("utf-8").split("<style>")[1].split("</style>")[0]
    used = {name for _, attrs in page.elements for name in attrs.get("class", "").split()}
    styled = set(re.findall(r"\.([a-z][a-z0-9]*)", re.sub(r"{[^{}]*}", "{}", style)))
    assert used <= styled
    assert styled <= used


def test_a_missing_package_is_named_with_how_to_install_it(tmp_path, monkeypatch):
    run = written_run(tmp_path)
    monkeypatch.setattr(
        "kwavegan.backend.extras.package_folder", lambda name: None if name == "jinja2" else ""
    )
    with pytest.raises(InputError, match=r"jinja2 is missing; run: pip install \"kwavegan\[report"):
        write_report(run)
    assert not (run.path / "report.html").exists()
    assert Run.open(run.path).status().state == "finished"


def test_a_wave_keeps_every_peak_and_a_spectrogram_its_pitch():
    sound = np.zeros((4096, 1), "float32")
    sound[1234] = 0.75
    numbers = [pair.split() for pair in svg.waveform(sound)[1:-1].split(" L")]
    assert min(float(y) for _, y in numbers) == pytest.approx(0.25)
    from PIL import Image

    tone = 0.9 * np.sin(2 * np.pi * 512 * np.arange(4096) / 4096)[:, None]
    data = base64.b64decode(svg.spectrogram(tone, 4096).split(",", 1)[1])
    image = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int).sum(axis=(1, 2))
    brightest = 1 - image.argmax() / len(image)  # low frequencies lie below
    assert brightest * 2048 == pytest.approx(512, abs=60)


def test_ticks_are_round_numbers_within_the_chart():
    rows = [{"step": 100 * i, "loss": 0.37 * i - 3.0} for i in range(30)]
    drawn = svg.chart("loss", "Loss", rows, {"loss": "loss", "none": "none"})
    assert [text for _, text in drawn.xs] == ["0", "1000", "2000"]
    assert [text for _, text in drawn.ys] == ["0", "5"]
    assert all(0 <= at <= svg.HEIGHT for at, _ in drawn.ys)
    assert len(drawn.curves) == 1
    assert svg.chart("x", "X", rows, {"none": "none"}) is None


def test_a_gap_in_the_numbers_is_a_gap_in_the_curve():
    rows = [{"step": i, "loss": float("nan") if i == 2 else 1.0 + i} for i in range(5)]
    (curve,) = svg.chart("loss", "Loss", rows, {"loss": "loss"}).curves
    assert [len(points.split()) for points in curve.points] == [2, 2]
