"""Folders of audio to prepare, and what came of them."""

import csv
import hashlib

import numpy as np
import soundfile as sf

from kwavegan.data import PrepareSettings

SMALL = PrepareSettings(rate=2048, length=256)


def write(path, sound=None, rate=2048, seed=None, **options):
    """Write a sound; noise that its name or `seed` gives, without one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if sound is None:
        seed = int(hashlib.sha1(path.name.encode()).hexdigest(), 16) if seed is None else seed
        sound = np.random.default_rng(seed).uniform(-0.5, 0.5, 256)
    sf.write(path, sound, rate, **options)


def encode(path, codec, sound, rate=44100, **options):
    """Write a mono sound of float32 as FFmpeg does, in the format that the name asks for."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono", **options)
        frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        forms = {form.name: form for form in stream.codec.audio_formats}
        form = next(forms[name] for name in ("s32p", "fltp", "s16p", "flt", "s16") if name in forms)
        stream.codec_context.format = form
        stream.codec_context.open()
        size = stream.codec_context.frame_size
        resampler = av.AudioResampler(format=form, layout="mono", rate=rate, frame_size=size)
        for piece in (*resampler.resample(frame), *resampler.resample(None), None):
            container.mux(stream.encode(piece))


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(out):
    with (out / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))
