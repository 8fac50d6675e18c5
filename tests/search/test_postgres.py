"""Searches that share a PostgreSQL server; `support/fake_worker.py` takes the place of training."""

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import keras
import optuna
import pytest
from optuna.trial import TrialState
from support import postgres
from support.datasets import tiny_config

from kwavegan.search import database, job, reconnecting
from kwavegan.search.study import quiet

pytestmark = [
    pytest.mark.skipif(
        postgres.programs() is None,
        reason=f"no server in {postgres.INSTALLED}: apt-get install postgresql",
    ),
    pytest.mark.skipif(keras.backend.backend() != "jax", reason="the search imports no backend"),
]

WORKER = Path(__file__).parents[1] / "support" / "fake_worker.py"
COMMAND = (sys.executable, "-I", "-S", str(WORKER))
SLOW = ("--batch-size", "6")

SEARCH = f"""
from kwavegan.search import job
job.COMMAND = {COMMAND!r}
from kwavegan.cli.main import main
main()
"""
"""`kwavegan search` with fake trials."""

OTHERS = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"

TIME_PASSES = (
    "UPDATE trial_heartbeats SET heartbeat = heartbeat - interval '11 minutes'"
    " WHERE trial_id = (SELECT trial_id FROM trials JOIN studies USING (study_id)"
    " WHERE study_name = %s AND number = %s)"
)


@pytest.fixture(scope="module")
def server():
    made = postgres.Server()
    yield made
    made.close()


@pytest.fixture
def admin(server):
    with server.connect() as connection:
        yield connection


@pytest.fixture(autouse=True)
def _settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(job, "COMMAND", COMMAND)
    (tmp_path / "tiny.toml").write_text(tiny_config(lr=1e-5, steps=4).to_toml())
    (tmp_path / "space.toml").write_text("lr = { low = 1e-5, high = 1e-1, log = true }\n")


@pytest.fixture
def arguments(dataset, server, request):
    """Those of `kwavegan search`, with a study of the test's own."""
    name = request.node.name[:40].replace("[", "-").rstrip("]")
    settings = ("--config", "tiny.toml", "--space", "space.toml", "--name", name)
    return ["search", str(dataset.path), *settings, "--storage", server.url]


def trials_of(arguments):
    """Return the trials of the study, as they are now."""
    name, url = (arguments[arguments.index(option) + 1] for option in ("--name", "--storage"))
    storage = optuna.storages.RDBStorage(url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        return storage.get_all_trials(storage.get_study_id_from_name(name))
    finally:
        storage.remove_session()
        storage.engine.dispose()


class Machine:
    """A process of `kwavegan search` with runs of its own."""

    def __init__(self, folder, arguments):
        self.runs = Path(folder)
        self.search = self.runs / arguments[arguments.index("--name") + 1]
        command = [sys.executable, "-c", SEARCH, *arguments, "--runs-dir", folder]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    @property
    def home(self):
        return (self.search / ".identity").read_text().strip()

    def begun(self):
        """Return the numbers of the trials that it has begun."""
        return [int(path.name.split("-")[1]) for path in self.search.glob("trial-*[0-9]")]

    def kill_in_a_trial(self, arguments):
        """Kill it while it trains a trial; return that trial's number."""
        while True:
            self.process.send_signal(signal.SIGSTOP)  # so that the trial does not end meanwhile
            for trial in trials_of(arguments):
                mine = trial.user_attrs.get("home") == self.home
                if mine and trial.state is TrialState.RUNNING and trial.number in self.begun():
                    self.process.kill()
                    self.process.communicate()
                    return trial.number
            self.process.send_signal(signal.SIGCONT)
            time.sleep(0.05)


@pytest.fixture
def start():
    machines = []

    def begin(folder, arguments):
        machines.append(Machine(folder, arguments))
        return machines[-1]

    yield begin
    for machine in machines:
        with machine.process as process:
            process.kill()


def until(condition, what):
    deadline = time.monotonic() + 120
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what}: not within 120 s"
        time.sleep(0.01)
    return found


def test_three_machines_share_a_search_while_one_is_killed_and_connections_are_cut(
    arguments, admin, start
):
    machines = [start(name, [*arguments, *SLOW, "--trials", "10"]) for name in "abc"]
    killed, *others = machines
    until(lambda: all(machine.begun() for machine in machines), "a trial on each machine")
    lost = killed.kill_in_a_trial(arguments)
    cuts = 0
    while any(machine.process.poll() is None for machine in others):
        known = sum(len(machine.begun()) for machine in others)
        # In the middle of what it does: a connection that is idle is replaced before its next use.
        while admin.execute(f"SELECT 1 {OTHERS} AND state <> 'idle'").fetchone() is None:
            if all(machine.process.poll() is not None for machine in others):
                break
            time.sleep(0.002)
        admin.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")
        cuts += 1
        until(lambda known=known: _goes_on(others, known), "a trial after a cut connection")
        if cuts == 2:
            assert trials_of(arguments)[lost].state is TrialState.RUNNING
            admin.execute(TIME_PASSES, (killed.search.name, lost))
    said = [machine.process.communicate()[1] for machine in others]
    assert [machine.process.returncode for machine in others] == [0, 0], said
    assert "Traceback" not in "".join(said)
    assert "trying again" in "".join(said)
    trials = trials_of(arguments)
    begun = Counter(number for machine in machines for number in machine.begun())
    assert begun == dict.fromkeys(range(len(trials)), 1)
    assert [trial.number for trial in trials if trial.state is TrialState.FAIL] == [lost]
    # Two that ask in the same moment may each take the last one.
    assert 10 <= sum(trial.state.is_finished() for trial in trials) - 1 == len(trials) - 1 <= 11
    [again] = [trial for trial in trials[lost + 1 :] if trial.params == trials[lost].params]
    assert again.number in others[0].begun() + others[1].begun()


def _goes_on(machines, known):
    """Whether a machine has begun another trial, or all have come to their end."""
    ended = all(machine.process.poll() is not None for machine in machines)
    return ended or sum(len(machine.begun()) for machine in machines) > known


def test_a_server_that_starts_again_is_waited_for(cli, arguments, server):
    def restart():
        until(lambda: list(Path("runs").glob("*/trial-0002/config.json")), "a third trial")
        server.stop()
        time.sleep(1)
        server.start()

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        made = cli(*arguments, *SLOW, "--trials", 6)
    finally:
        thread.join()
    assert "kwavegan: the database: " in made.stderr
    assert "trying again for some minutes" in made.stderr
    assert "hidden" not in made.output
    assert [trial.state.is_finished() for trial in trials_of(arguments)] == [True] * 6


def test_a_server_that_stays_away_ends_the_search_with_one_line_and_no_trial_is_lost(
    cli, arguments, server, monkeypatch
):
    monkeypatch.setattr(reconnecting, "WAITS", (0.0, 0.1))

    def stop():
        until(lambda: list(Path("runs").glob("*/trial-0001/config.json")), "a second trial")
        server.stop()

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        made = cli(*arguments, *SLOW, "--trials", 4, code=2)
    finally:
        thread.join()
        server.start()
    last = made.stderr.splitlines()[-1]
    assert "failed: " in last
    assert "the running trials are saved; once it works again, give the same command" in last
    assert "hidden" not in made.output
    assert cli(*arguments, *SLOW, "--trials", 4).exit_code == 0
    assert [trial.state.is_finished() for trial in trials_of(arguments)] == [True] * 4


def test_a_cut_connection_is_waited_for_in_no_call_that_the_user_has_stopped(server):
    with quiet():
        storage = database.open_storage(server.url)
    storage.patient = lambda: False
    server.stop()
    before = time.monotonic()
    with pytest.raises(optuna.exceptions.StorageInternalError):
        storage.get_study_id_from_name("none")
    assert time.monotonic() - before < 2
    server.start()
    with pytest.raises(KeyError):
        storage.get_study_id_from_name("none")
    storage.engine.dispose()


def test_a_wrong_password_is_told_at_once_and_not_shown(cli, arguments, server):
    wrong = [argument.replace("hidden", "secret") for argument in arguments]
    said = cli.refuse(*wrong)
    assert "password authentication failed" in said
    assert "secret" not in said


def test_the_clock_of_heartbeats_is_never_put_forward_and_a_dead_network_is_noticed(server, admin):
    admin.execute("ALTER ROLE me SET timezone = 'Pacific/Auckland'")
    with quiet():
        storage = database.open_storage(server.url)
    with storage.engine.connect() as connection:
        shown = connection.exec_driver_sql("SHOW timezone").scalar()
        network = connection.connection.driver_connection.info.get_parameters()
    storage.engine.dispose()
    admin.execute("ALTER ROLE me RESET timezone")
    assert shown == "UTC"
    assert network["tcp_user_timeout"] == "60000"
