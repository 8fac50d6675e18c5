"""`s3://` against a server of that protocol on this machine: moto's."""

import io
import json
import logging

import numpy as np
import pytest
import soundfile as sf
from support.audio_files import contents

from kwavegan.data import open_dataset

REASON = "needs a server of S3: pip install s3fs 'moto[server]'"
pytest.importorskip("s3fs", reason=REASON)
server = pytest.importorskip("moto.server", reason=REASON)

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture(scope="module")
def endpoint():
    """The address of a server, which runs in a thread."""
    threaded = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    threaded.start()
    yield "http://{}:{}".format(*threaded.get_host_and_port())
    threaded.stop()


@pytest.fixture
def bucket(endpoint, monkeypatch, tmp_path):
    """A bucket of the server with 24 sounds, and variables that lead to it."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket = boto3.resource("s3").Bucket("sounds")
    bucket.create()
    for i in range(24):
        file = io.BytesIO()
        noise = np.random.default_rng(i).uniform(-0.5, 0.5, 256)
        sf.write(file, noise, 2048, format="WAV")
        bucket.put_object(Key=f"drums/{('hat', 'kick')[i % 2]}/{i}.wav", Body=file.getvalue())
    yield bucket
    bucket.objects.delete()
    bucket.delete()


def test_a_bucket_is_prepared_and_then_only_what_changed(bucket, tmp_path, cli, caplog):
    caplog.set_level(logging.DEBUG, "kwavegan")
    options = ("--split", "0,20", "--rate", 2048, "--length", 256)
    said = cli("prepare", "s3://sounds/drums", tmp_path / "out", *options)
    assert "24 files (24 decoded) → 24 clips" in said.stdout
    assert open_dataset(tmp_path / "out").labels == ("hat", "kick")
    bucket.put_object(
        Key="drums/hat/new.wav", Body=bucket.Object("drums/kick/1.wav").get()["Body"].read()
    )
    again = cli("prepare", "s3://sounds/drums", tmp_path / "out", *options)
    assert "25 files (1 decoded, 24 kept from before)" in again.stdout
    stored = contents(tmp_path)
    assert json.loads(stored["out/settings.json"])["source"] == "s3://sounds/drums"
    shown = said.output + again.output + caplog.text
    for part in (KEY, SECRET):
        assert part not in shown
        assert not [name for name, data in stored.items() if part.encode() in data]


def test_what_cannot_be_read_ends_in_a_line(bucket, tmp_path, cli, monkeypatch):
    def refused(address):
        return cli.refuse("prepare", address, tmp_path / "out", began="Preparing\n")

    assert "s3://nowhere/drums: no such bucket or folder" in refused("s3://nowhere/drums")
    assert "s3://sounds/other: no such folder, or nothing in it" in refused("s3://sounds/other")
    with monkeypatch.context() as patch:
        patch.delenv("AWS_ACCESS_KEY_ID")
        assert "no credentials; give them in AWS_ACCESS_KEY_ID" in refused("s3://sounds/drums")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # botocore's; s3fs tries again around it
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "s3://sounds/drums: cannot be reached" in refused("s3://sounds/drums")
