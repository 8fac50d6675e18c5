"""Put a run's settings together from defaults, a preset, a TOML file and what the user gave."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kwavegan.config.fields import check_value, nearest
from kwavegan.config.presets import PRESETS, Preset
from kwavegan.config.settings import SETTINGS, Config, check_together
from kwavegan.errors import InputError, require_choice, setting
from kwavegan.storage.reading import read_toml


def read_config(path: str | Path) -> Config:
    """Read what `Config.to_toml` wrote; fields that are missing take their defaults.

    Raises:
        InputError: no such file, not TOML, or a value that `Config` refuses.

    Example:
        >>> import pathlib, tempfile
        >>> from kwavegan.config import Config, read_config
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.toml"
        >>> _ = path.write_text(Config(width=8).to_toml())
        >>> read_config(path).width
        8
    """
    return resolve(toml_path=path)


def resolve(
    preset: str | None = None,
    toml_path: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Config:
    """Put a run's settings together: defaults ← preset ← TOML ← options.

    Args:
        preset: a key of `PRESETS`; None for the one that the TOML names, if it does.
        toml_path: a file with any of the fields, and `preset`.
        options: by field name; None means "not given".

    Raises:
        InputError: an unknown name, a value out of range, or an impossible combination; the
            message names the file or the setting.

    Example:
        >>> from kwavegan.config import resolve
        >>> resolve("wavegan", options={"batch_size": 32}).d_updates
        5
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    stored = {} if toml_path is None else read_toml(Path(toml_path))
    named, where = stored.pop("preset", None), f"{toml_path}: preset"
    if preset is not None:
        named, where = preset, setting("preset")
    values = {} if named is None else dict(_preset(named, where).values)
    spelled = {name: f"{toml_path}: {name}" for name in stored}
    spelled |= {name: setting(name) for name in given}

    def spelling(name: str) -> str:
        return spelled.get(name) or setting(name)

    for name, value in {**stored, **given}.items():
        if name not in SETTINGS:
            raise InputError(f"{spelling(name)}: unknown{nearest(name, SETTINGS)}")
        values[name] = check_value(SETTINGS[name], value, spelling(name))
    check_together({name: s.default for name, s in SETTINGS.items()} | values, spelling)
    return Config(**values)


def _preset(name: Any, spelled: str) -> Preset:
    require_choice(spelled, name, PRESETS)
    return PRESETS[name]
