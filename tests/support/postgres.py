"""A PostgreSQL server of a test's own, on loopback, in a temporary folder."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

INSTALLED = Path("/usr/lib/postgresql")


def programs():
    """Return the folder of the newest server of Debian's packages; None where there is none."""
    found = INSTALLED.glob("*/bin/postgres")
    return max((path.parent for path in found), key=lambda path: path.parent.name, default=None)


class Server:
    """A server that asks for a password; `close` ends it and removes what it wrote."""

    def __init__(self):
        # It refuses to run as root, whom Debian's package has given a user for it.
        self._user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self._user:
            self._user["extra_groups"] = []
        self._folder = Path(tempfile.mkdtemp(prefix="kwavegan-postgres-"))
        if self._user:
            shutil.chown(self._folder, "postgres", "postgres")
        self._process = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._address = ("-h", "127.0.0.1", "-p", str(self.port))
        self._address += ("-c", "unix_socket_directories=")
        word = self._folder / "word"
        word.write_text("hidden\n")
        self._run("initdb", "--no-sync", "-U", "me", "-A", "scram-sha-256", f"--pwfile={word}")
        self.start()

    @property
    def url(self):
        return f"postgresql://me:hidden@127.0.0.1:{self.port}/postgres"

    def _run(self, program, *args):
        command = [programs() / program, "-D", self._folder / "data", *args]
        made = subprocess.run(command, capture_output=True, cwd="/", **self._user)
        assert made.returncode == 0, made.stderr.decode()

    def start(self):
        """Start it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [programs() / "postgres", "-D", self._folder / "data", "-F", *self._address],
                stdout=log,
                stderr=log,
                cwd="/",
                **self._user,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.connect().close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self._folder / "log").read_text()
                assert time.monotonic() < deadline, "no answer within 60 s"
            time.sleep(0.05)

    def stop(self):
        """Stop it, and cut all connections."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)

    def connect(self):
        return psycopg.connect(self.url, autocommit=True)

    def close(self):
        self.stop()
        shutil.rmtree(self._folder)
