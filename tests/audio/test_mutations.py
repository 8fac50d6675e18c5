"""Damaged audio: a file gives clips or a problem that has words, whatever its bytes."""

import struct
import tracemalloc

import pytest

from kwavegan.data.decode import decode_file
from kwavegan.data.prepare_settings import ClipSettings
from kwavegan.data.summary import PROBLEMS
from scripts.reliability.audio import decode, mutated, write_formats

SETTINGS = ClipSettings(rate=8_000, length=4_000, channels=1)


def test_mutated_files_of_each_format_give_clips_or_a_known_problem(tmp_path):
    formats = write_formats(tmp_path)
    assert len(formats) >= 25
    known = set()
    for place, (form, path) in enumerate(formats.items()):
        data = path.read_bytes()
        for number in range(4):
            _, changed = mutated(data, (1, place, number))
            target = tmp_path / f"{number}.{form.split('-')[0]}"
            target.write_bytes(changed)
            clips, problem = decode(target)
            assert clips or problem, (form, number)
            known.add(problem)
    assert known - {""} <= set(PROBLEMS)


@pytest.mark.parametrize("size", [0x79BB0010, 0xFFFFFFF0])
def test_a_size_that_a_header_states_takes_no_memory(tmp_path, size):
    path = tmp_path / "large.wav"
    path.write_bytes(b"RIFF\xff\xff\xff\x7fWAVEfmt " + struct.pack("<I", size) + bytes(4_000))
    tracemalloc.start()
    try:
        result = decode_file(path, SETTINGS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.rejections[0].kind in PROBLEMS
    assert peak < 16 << 20


def test_a_flac_file_without_its_first_block_is_not_audio(tmp_path):
    path = tmp_path / "odd.flac"
    path.write_bytes(b"fLaC\0\0\0\xff" + bytes(500))
    assert decode_file(path, SETTINGS).rejections[0].kind == "not audio"
