"""The page as a file: what it holds, how it is put together, and what is refused."""

import hashlib
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from support.players import tiny_generator

import kwavegan
from kwavegan.errors import InputError
from kwavegan.instrument import write_instrument
from kwavegan.instrument.bundle import one_script
from kwavegan.instrument.description import PANEL, describe
from kwavegan.instrument.page import HERE
from kwavegan.layers import tables

MOST_LINES = 400


@pytest.fixture
def generator(tmp_path):
    return tiny_generator(tmp_path / "tiny")


def test_the_page_refers_to_nothing_outside_itself(generator, tmp_path):
    page = write_instrument(generator, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "{{" not in page
    links = re.findall(r"""(?:src|href)=["']([^"'#][^"']*)""", page)
    assert links == ["data:,"]
    without = page.replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert "http" not in without.replace("http-equiv", "")
    assert "import " not in page.split('<script type="module">')[1]


def test_the_facts_of_the_page_are_the_run_s(generator, tmp_path):
    page = write_instrument(generator, tmp_path / "page.html").read_text(encoding="utf-8")
    facts = json.loads(re.search(r'id="about">(.*?)</script>', page)[1])
    assert (facts["run"], facts["labels"], facts["step"]) == ("tiny", ["kick", "snare"], 600)
    assert facts["notes"] == [36, 38]  # of General MIDI
    np.testing.assert_array_equal(
        np.array(facts["firstLatent"], "float32"), generator.latents(1, seed=0)[0]
    )


def test_matrices_are_in_panels(generator):
    about, weights = describe(generator.player)
    dense, kernel = about["dense"], generator.player.weights["dense/kernel"]
    panels = weights[dense["matrix"] :][: kernel.size].reshape(-1, dense["inner"], PANEL)
    np.testing.assert_array_equal(np.concatenate(panels, axis=1)[:, : dense["columns"]], kernel)


def test_the_page_draws_the_directions_from_where_numpy_draws_them(generator):
    frames = describe(generator.player)[0]["frames"]
    low, high, step_low, step_high = (int(word, 16) for word in frames["noiseState"])
    state = {"state": high << 64 | low, "inc": step_high << 64 | step_low}
    rng = np.random.default_rng()
    rng.bit_generator.state = {**rng.bit_generator.state, "state": state}
    want, _ = tables.noise_tables(5, 7, 1)
    np.testing.assert_array_equal(rng.standard_normal((5, 7)).astype("float32"), want)


def test_a_bundle_holds_each_module_once_and_behind_what_it_needs(tmp_path):
    modules = {
        "a": 'import { c, d } from "./c.js";\nimport { b } from "./b.js";\nb(c);\n',
        "b": 'import { c } from "./c.js";\nexport function b(x) {}\n',
        "c": "export const [c, d] = [1, 2];\nconst b = 3;\n",
    }
    for name, text in modules.items():
        (tmp_path / f"{name}.js").write_text(text)
    text = one_script("a", (tmp_path,))
    assert re.findall(r"^const (module_\w)", text, re.MULTILINE) == [f"module_{n}" for n in "cba"]
    assert "return { c, d };" in text
    assert "const { c, d } = module_c;" in text
    assert "import" not in text
    assert "export" not in text


def test_no_module_of_the_page_is_long():
    files = [path for path in HERE.rglob("*") if path.suffix in (".js", ".css", ".html", ".wat")]
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in files}
    assert len(lengths) > 15
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_what_is_assembled_is_that_of_its_source():
    """Whoever changes a .wat assembles it again, and notes the sums of both (CONTRIBUTING.md)."""
    lines = (HERE / "player" / "checksums.txt").read_text().splitlines()
    noted = {name: digest for digest, name in map(str.split, lines)}
    files = [path for path in (HERE / "player").iterdir() if path.suffix in (".wat", ".wasm")]
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert len(sums) == 4
    assert noted == sums


def test_the_command_writes_the_drums(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = cli("instrument", "--pretrained", "drums").stdout
    path = tmp_path / "exports" / "pretrained-drums.html"
    assert f"exports/pretrained-drums.html ({path.stat().st_size / 1e6:.1f} MB)" in printed
    assert "kwavegan generate --pretrained drums --latents" in path.read_text(encoding="utf-8")
    assert [path.name for path in path.parent.iterdir()] == ["pretrained-drums.html"]


def test_a_large_page_is_said_to_be_large(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("kwavegan.instrument.page.COMFORTABLE_BYTES", 1000)
    out = tmp_path / "page.html"
    assert "is large for a phone" in cli("instrument", "--pretrained", "drums", "--out", out).stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nothing"], "nothing: no such run"),
        (["--pretrained", "harps"], "--pretrained: 'harps' is no pretrained model"),
        (["--pretrained", "drums", "--out", "file/page.html"], "a file stands where a folder is"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(cli, tmp_path, monkeypatch, args, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert says in cli.refuse("instrument", *args)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_network_of_one_s_own_is_refused(generator, tmp_path):
    with pytest.raises(InputError, match="has a network of its own"):
        write_instrument(replace(generator, player=object()), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_the_examples_of_the_package_are_small_enough(tmp_path):
    for model in kwavegan.runs.pretrained_models():
        page = write_instrument(kwavegan.load_pretrained(model.name), tmp_path / "page.html")
        assert page.stat().st_size < 20_000_000
