"""Two processes that write the same: one waits or is refused, and nothing of either is lost."""

import json
import shutil
import signal
import subprocess
import sys
import threading

import pytest
from support.audio_files import contents, write
from support.datasets import tiny_config

import kwavegan
from kwavegan.control.kept import keep, read_kept
from kwavegan.data import PrepareSettings, prepare
from kwavegan.errors import InputError
from kwavegan.exporting import export_generator
from kwavegan.generation import write_sounds
from kwavegan.generation.latents_table import read_latents
from kwavegan.kits import write_kit
from kwavegan.runs.pretrained import FOLDER
from kwavegan.storage import files
from kwavegan.storage.sole_writer import only_writer_of
from kwavegan.training import session

SMALL = PrepareSettings(rate=2048, length=256)


@pytest.fixture
def drums(tmp_path):
    shutil.copytree(FOLDER / "drums", tmp_path / "runs" / "mine")
    return kwavegan.generation.load_generator(tmp_path / "runs" / "mine")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_second_writer_is_refused_or_waits(tmp_path):
    path, entered, said = tmp_path / "new" / "set", threading.Event(), []

    def enter():
        with only_writer_of(path, wait=said.append):
            entered.set()

    other = threading.Thread(target=enter)
    with only_writer_of(path):
        with pytest.raises(InputError, match="another kwavegan is writing it; wait"):
            only_writer_of(path).__enter__()
        other.start()
        assert not entered.wait(0.2)
    assert entered.wait(10)
    other.join()
    assert said == [f"{path}: another kwavegan is writing it; waiting for it to end"]
    assert names(path.parent) == []


def test_a_killed_writer_keeps_nobody_out_and_leaves_nothing(tmp_path):
    code = (
        "import sys, time; from kwavegan.storage.files import atomic\n"
        "from kwavegan.storage.sole_writer import only_writer_of\n"
        "with only_writer_of(sys.argv[1]), atomic(sys.argv[1]) as partial:\n"
        "    partial.mkdir(); print('in', flush=True); time.sleep(60)"
    )
    path = tmp_path / "set"
    others = [".partial-0123456789ab-old-set", ".partial-0123456789ab-other"]
    for name in others:  # of folders called old-set and other
        (tmp_path / name).touch()
    (tmp_path / ".partial-0123456789ab.old-.partial-0123456789ab-set").mkdir()
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout.readline() == b"in\n"
            with pytest.raises(InputError):
                only_writer_of(path).__enter__()
            assert len(names(tmp_path)) == 4
        finally:
            other.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    with only_writer_of(path):
        pass
    assert names(tmp_path) == others


def test_a_folder_that_was_killed_between_two_names_is_put_back(src, tmp_path, decoded):
    prepare(src, tmp_path / "set", SMALL)
    before = contents(tmp_path / "set")
    (tmp_path / "set").rename(tmp_path / f"{files.PARTIAL}0123456789ab.old-set")
    decoded.clear()
    assert prepare(src, tmp_path / "set", SMALL).unchanged
    assert decoded == []
    assert contents(tmp_path / "set") == before
    assert names(tmp_path) == ["set", "src"]


def test_two_that_prepare_into_one_folder(src, tmp_path):
    """The second would take clips from places where the first has put others."""
    prepare(src, tmp_path / "set", SMALL)
    write(src / "kick" / "a new one.wav")
    refused = []

    def meanwhile(done, total):
        with pytest.raises(InputError, match="set: another kwavegan is writing it") as error:
            prepare(src, tmp_path / "set", PrepareSettings(rate=2048, length=128))
        refused.append(error)

    summary = prepare(src, tmp_path / "set", SMALL, progress=meanwhile)
    assert refused
    assert summary.clips == 61
    assert kwavegan.open_dataset(tmp_path / "set").length == 256


def test_two_that_generate_into_one_folder_take_turns(drums, tmp_path):
    folder, begun = tmp_path / "sounds", threading.Event()

    def recipes():
        begun.set()
        other.join(0.3)
        assert not list(folder.glob("snare*"))
        yield from drums.recipes("kick", n=2, seed=0)

    def write_others():
        assert begun.wait(10)
        write_sounds(drums, drums.recipes("snare", n=2, seed=0), folder, call={"label": "snare"})

    other = threading.Thread(target=write_others)
    other.start()
    write_sounds(drums, recipes(), folder, call={"label": "kick"})
    other.join(30)
    made = read_latents(folder / "latents.csv", drums.config.latent_dim, drums.labels)
    assert sorted(recipe.name for recipe in made) == [
        f"{label}_s0_{number:04}" for label in ("kick", "snare") for number in range(2)
    ]
    calls = json.loads((folder / "about.json").read_text())["calls"]
    assert [call["label"] for call in calls] == ["kick", "snare"]
    assert len(names(folder)) == 6


def test_what_a_killed_generate_left_is_cleared_away(drums, tmp_path):
    folder = tmp_path / "sounds"
    folder.mkdir()
    left = ["kick_s0_0000.wav", "latents.csv", "latents.csv-fresh", "about.json"]
    for name in left:
        (folder / f".partial-0123456789ab-{name}").touch()
    (folder / ".partial-0123456789ab-set").mkdir()  # of a preparation
    write_sounds(drums, drums.recipes("kick", n=1, seed=0), folder)
    assert names(folder) == [
        ".partial-0123456789ab-set",
        "about.json",
        "kick_s0_0000.wav",
        "latents.csv",
    ]


def test_two_that_write_one_kit_or_export_one_file(drums, tmp_path):
    kit, model = tmp_path / "kit", tmp_path / "drums.onnx"
    kicks = list(drums.recipes("kick", n=2, seed=0))
    with only_writer_of(kit), pytest.raises(InputError, match="kit: another kwavegan is writing"):
        write_kit(drums, kicks, kit)
    with only_writer_of(model), pytest.raises(InputError, match=r"drums\.onnx: another kwavegan"):
        export_generator(drums, model)

    def recipes():
        write_kit(drums, kicks, kit)  # another process, while this one generates
        yield from kicks

    with pytest.raises(InputError, match="kit is there already"):
        write_kit(drums, recipes(), kit, "hydrogen")
    assert (kit / "mine.sfz").is_file()


def test_two_that_measure_one_run_lose_neither(drums):
    started, path = threading.Event(), drums.run.path / "control" / f"step-{drums.step:08}.json"

    def keep_one():
        started.set()
        keep(drums, "tried", "snare", {})

    other = threading.Thread(target=keep_one)
    with only_writer_of(path):  # as `keep` of another process, which has read the file
        other.start()
        assert started.wait(10)
        other.join(0.2)
        assert "tried" not in read_kept(drums)
    other.join(10)
    assert read_kept(drums)["tried"] == {"snare": {}}
    assert len(read_kept(drums)["directions"]) == len(drums.labels)


def test_a_training_that_is_refused_changes_no_setting(dataset, tmp_path):
    run = session.Run.create("run", tiny_config().for_dataset(dataset), tmp_path)
    before = contents(run.path)
    with run.lock(), pytest.raises(InputError, match="another training"):
        session.resume(run, dataset, steps=99)
    assert contents(run.path).items() - before.items() == {(".lock", b"")}
