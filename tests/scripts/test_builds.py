"""The wheel is the same file wherever, whenever and by whomever it is built."""

import zipfile

from scripts.release.check_builds import two_builds


def test_a_wheel_is_built_alike_everywhere(tmp_path):
    first, second = two_builds(tmp_path, ["wheel"])
    assert first == second
    (name,) = first
    with zipfile.ZipFile(tmp_path / "first" / name) as wheel:
        assert {member.date_time[:3] for member in wheel.infolist()} == {(2001, 9, 9)}
        assert "kwavegan/pretrained/drums/config.toml" in wheel.namelist()
        assert not [path for path in wheel.namelist() if "__pycache__" in path]
