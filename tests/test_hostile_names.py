"""Labels and names of runs that were made to escape: from a folder, a page, a card, a kit."""

import ast
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from support.players import tiny_run
from support.runs import written_run

import kwavegan
from kwavegan.evaluation.results import Evaluation, MeasureRow, load_evaluation, save_evaluation
from kwavegan.exporting import export_generator
from kwavegan.generation import write_sounds
from kwavegan.instrument import write_instrument
from kwavegan.kits import write_kit
from kwavegan.kits.formats import FORMATS
from kwavegan.reporting import comparison_table, write_report
from kwavegan.runs.run import Run

NAME = "<img src=x onerror=alert(1)>\n--->`|[x](javascript:alert(1))&{{7}}]]>\uffff"

LABELS = (
    "</script><script>alert(1)</script>",
    "../../../out",
    "..\\..\\out",
    "/absolute",
    "C:drive",
    "nul\0l",
    "two\nlines\r\x1b[2J",
    "`a` *b* |c| [d](javascript:alert(1)) <!-- ",
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }} {% raw %} {silent} %s",
    "-->]]>&amp;&#60;",
    "\u202eright to left",
)

MARKUP = re.compile(r"<[a-z!/]|(?<!\\)\]\(|\n-->", re.IGNORECASE)


@pytest.fixture
def generator(tmp_path):
    return tiny_run(tmp_path / "inner" / "runs", labels=LABELS)


def everything(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def test_sounds_and_kits_stay_in_their_folder(generator, tmp_path):
    before = everything(tmp_path)
    folder = tmp_path / "inner" / "sounds"
    for label in LABELS:
        write_sounds(generator, generator.recipes(label, 1, 0), folder)
    written = everything(tmp_path) - before
    assert {path.parent for path in written} == {folder}
    assert len(written) == len(LABELS) + 2  # latents.csv and about.json
    # Nor would they leave it on Windows, where these part folders and disks.
    assert not any(set(path.name) & set('\\:\0\n\r"*') - set('"*') for path in written)


def test_names_in_a_table_of_latents_stay_in_the_folder(generator, tmp_path, cli, monkeypatch):
    monkeypatch.chdir(tmp_path / "inner")
    values = ",".join(["0.1"] * 8)
    names = ("../../up.wav", "/tmp/abs.wav", "..", "a\\..\\b.wav", '"nul\0.wav"', '"x\ny.wav"')
    table = Path("mine.csv")
    header = ",".join(["file", "label", *(f"z{i}" for i in range(8))])
    rows = [f"{name},C:drive,{values}" for name in names]
    table.write_text("\n".join([header, *rows]) + "\n", newline="")
    before = everything(tmp_path)
    cli("generate", "tiny", "--runs-dir", "runs", "--latents", table, "--out", "out")
    assert {path.parent.name for path in everything(tmp_path) - before} == {"out"}
    table.write_text(f"{header}\n,C:drive,{values}\n")
    words = cli.refuse("generate", "tiny", "--runs-dir", "runs", "--latents", table)
    assert "line 2: names no file" in words


@pytest.fixture
def hostile(tmp_path):
    """A run with previews and an evaluation, whose every text is hostile."""
    run = written_run(tmp_path / "runs", labels=LABELS[:10])
    row = MeasureRow(0.5, 0.1, 0.4, 0.1)
    texts = {label: {"label_accuracy": row, label: row} for label in LABELS}
    evaluation = Evaluation(
        NAME, 600, {"label_accuracy": row, LABELS[0]: row}, texts, {LABELS[1]: {LABELS[0]: row}},
        {"digest": NAME, "accuracy": 0.5}, {"generated": 5, "compared": 5, "train": 5, "test": 5},
        {"data": NAME, "seed": 0}, LABELS,
    )  # fmt: skip
    save_evaluation(run, evaluation)
    run.update(message=LABELS[0], backend=LABELS[0], versions={LABELS[0]: LABELS[0]})
    for name in ("metrics.csv", "health.csv", "validation.csv"):
        path = run.path / name
        path.write_text(path.read_text().replace("step,", f'step,"{LABELS[0]}",', 1))
    run.path.rename(run.path.parent / NAME)
    return Run.open(run.path.parent / NAME)


class Seen(HTMLParser):
    """Collects the elements of a page, their attributes and what is in scripts."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.attributes, self.scripts = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        if self.elements and self.elements[-1] == "script" and data.strip():
            self.scripts.append(data)

    def check(self):
        assert not any(name.startswith("on") for _, name, _ in self.attributes)
        assert not any(value.lower().startswith("javascript:") for *_, value in self.attributes)
        addresses = [v for tag, name, v in self.attributes if name in ("src", "href", "action")]
        assert all(value.startswith(("data:", "#")) for value in addresses)
        assert not {"iframe", "object", "embed", "base", "form"} & set(self.elements)


def test_no_name_gets_into_the_report(hostile, tmp_path):
    page = write_report(hostile, out=tmp_path / "page.html").read_text(encoding="utf-8")
    seen = Seen(page)
    seen.check()
    assert "script" not in seen.elements
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
    assert NAME.splitlines()[0] not in page


def test_no_name_gets_into_the_page_that_plays(generator, tmp_path):
    generator.run.path.rename(generator.run.path.parent / NAME)
    run = Run.open(generator.run.path.parent / NAME)
    mine = kwavegan.load_generator(run.path)
    page = write_instrument(mine, tmp_path / "page.html").read_text(encoding="utf-8")
    seen = Seen(page)
    seen.check()
    plain = Seen(write_instrument(generator_of(tmp_path), tmp_path / "b.html").read_text("utf-8"))
    assert seen.elements == plain.elements
    facts = json.loads(re.search(r'id="about">(.*?)</script>', page, re.DOTALL)[1])
    assert (facts["run"], tuple(facts["labels"])) == (NAME, LABELS)


def generator_of(folder):
    return tiny_run(folder / "others", labels=tuple("abcdefghijkl"))


def test_no_name_is_markdown_in_a_card_or_a_table(generator, hostile, tmp_path):
    mine = replace(generator, run=hostile)
    file = tmp_path / 'x"); import os; ("`.onnx'
    card = export_generator(mine, file, licence=LABELS[0]).read_text(encoding="utf-8")
    parts = card.split("```")
    assert len(parts) == 3
    assert not MARKUP.search(parts[0] + parts[2])
    statements = ast.parse(parts[1].removeprefix("python\n")).body
    assert [type(each).__name__ for each in statements[:3]] == ["Import", "Import", "Assign"]
    assert ast.literal_eval(statements[2].value.args[0]) == file.name
    table = comparison_table([load_evaluation(hostile)], "markdown")
    assert not MARKUP.search(table)
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
    assert widths == {5}


def test_no_label_adds_a_line_to_a_table_in_the_terminal(hostile, cli):
    lines = cli("compare", hostile.path).stdout.splitlines()
    assert "two" not in {line.split()[0] for line in lines if line.split()}
    assert cli("runs", "--runs-dir", hostile.path.parent).stdout.count("\n") == 2


@pytest.mark.parametrize("form", FORMATS)
def test_no_name_is_markup_in_a_kit(generator, tmp_path, form):
    generator.run.path.rename(generator.run.path.parent / NAME)
    mine = kwavegan.load_generator(generator.run.path.parent / NAME)
    before = everything(tmp_path)
    recipes = [recipe for label in LABELS for recipe in mine.recipes(label, 1, 0)]
    folder = tmp_path / "inner" / "kit"
    written = write_kit(mine, recipes, folder, form)
    assert all(folder in path.parents for path in everything(tmp_path) - before)
    text = written.path.read_text(encoding="utf-8")
    if form == "sfz":
        lines = [line.split(" // ")[0] for line in text.splitlines()]
        words = re.compile(r"//.*|<(control|global|group|region)>.*|[a-z_]+=.*|")
        assert all(words.fullmatch(line) for line in lines)
        return
    root = ET.fromstring(text)
    names = {"group", "instrument"}
    found = [each for each in root.iter() if each.tag.rpartition("}")[2] in names]
    assert len(found) == len(LABELS)
    assert "script" not in {each.tag.rpartition("}")[2] for each in root.iter()}


# -- Code -----------------------------------------------------------------------------------------

FORBIDDEN = {
    "eval", "exec", "compile", "__import__", "pickle.load", "pickle.loads", "np.load", "np.loadtxt",
    "np.genfromtxt", "np.fromfile", "np.lib.format.read_array", "json.load", "tomllib.load",
    "keras.models.load_model", "keras.saving.load_model", "marshal.loads",
    "keras.config.enable_unsafe_deserialization", "torch.load", "yaml.load", "shelve.open",
}  # fmt: skip
"""Calls that run code of a file, or read one past the bounds of `kwavegan.storage.reading`."""

NO_FILE = ["_jax_hosts.py: pickle.loads"]
"""What the first process of a training tells the others, as PyTorch does under torchrun: whoever
can write there takes part in the training, with code of its own."""


def test_nothing_runs_code_of_a_file_or_reads_past_the_bounds():
    package = Path(kwavegan.__file__).parent
    found = []
    for path in package.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call):
                name = ast.unparse(call.func)
                found += [f"{path.name}: {name}"] if name in FORBIDDEN else []
                keys = {k.arg: ast.unparse(k.value) for k in call.keywords}
                assert keys.get("allow_pickle", "False") == "False", path
                assert keys.get("safe_mode", "True") == "True", path
    assert found == NO_FILE


def test_a_keras_file_is_opened_in_safe_mode(generator, tmp_path):
    """As the model card says to: a network with Python of its own is refused."""
    import keras

    card = export_generator(generator, tmp_path / "mine.keras", "keras").read_text("utf-8")
    assert "safe_mode" not in card
    twice = keras.Sequential([keras.Input((1,)), keras.layers.Lambda(lambda x: 2 * x)])
    twice.save(tmp_path / "mine.keras")
    lines = re.search(r"generator = .*", card)[0].replace(
        "mine.keras", str(tmp_path / "mine.keras")
    )
    with pytest.raises(ValueError, match="Lambda"):
        exec(f"import keras\n{lines}")
