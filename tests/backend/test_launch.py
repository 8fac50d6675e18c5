"""What launchers' variables say of a process, and one line for each contradiction."""

import pytest

from kwavegan.backend.launch import Launch, find_launch
from kwavegan.errors import InputError

TORCHRUN = {"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1"}
KERAS = {
    "KERAS_DISTRIBUTION_JOB_ADDRESSES": "10.0.0.1:1234",
    "KERAS_DISTRIBUTION_NUM_PROCESSES": "2",
    "KERAS_DISTRIBUTION_PROCESS_ID": "1",
}
SLURM = {"SLURM_STEP_NODELIST": "node[1-2]", "SLURM_NTASKS": "2", "SLURM_PROCID": "1"}
OPEN_MPI = {
    "OMPI_MCA_orte_hnp_uri": "1531576320.0;tcp://10.96.0.1:34911",
    "OMPI_COMM_WORLD_SIZE": "2",
    "OMPI_COMM_WORLD_RANK": "0",
}


@pytest.fixture
def launched(monkeypatch):
    """Returns what is found with the variables given."""

    def find(variables, backend="jax", devices="all"):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return find_launch(backend, devices)

    return find


def test_a_process_by_itself(launched):
    assert launched({}) is None
    one = {"KERAS_DISTRIBUTION_NUM_PROCESSES": "1", "KERAS_DISTRIBUTION_PROCESS_ID": "0"}
    assert launched(one) is None


@pytest.mark.parametrize(
    ("backend", "variables", "says"),
    [
        ("torch", TORCHRUN, Launch("torchrun", "torch", 4, 3)),
        ("jax", KERAS, Launch("KERAS_DISTRIBUTION_NUM_PROCESSES", "jax", 2, 1, "10.0.0.1:1234")),
        ("jax", SLURM, Launch("Slurm", "jax", 2, 1)),
        ("jax", OPEN_MPI, Launch("Open MPI", "jax", 2, 0)),
        ("torch", SLURM | TORCHRUN, Launch("torchrun", "torch", 4, 3)),
        ("torch", SLURM, None),
        ("tensorflow", OPEN_MPI, None),
    ],
)
def test_each_launcher(launched, backend, variables, says):
    assert launched(variables, backend) == says


def test_the_address_may_be_that_of_jax_or_name_all_processes(launched):
    both = "10.0.0.1:1234,10.0.0.2:1234"
    assert launched({**KERAS, "KERAS_DISTRIBUTION_JOB_ADDRESSES": both}).address == "10.0.0.1:1234"
    jax = {"JAX_COORDINATOR_ADDRESS": "[::1]:9", "KERAS_DISTRIBUTION_JOB_ADDRESSES": ""}
    assert launched({**KERAS, **jax}).address == "[::1]:9"


def test_tasks_of_a_cluster_that_want_one_device_are_by_themselves(launched):
    assert launched(SLURM, devices="1") is None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("NUM_PROCESSES", "two", "NUM_PROCESSES: 'two' is no number of processes; give 2, say"),
        ("NUM_PROCESSES", "0", "NUM_PROCESSES: '0' is no number of processes"),
        ("PROCESS_ID", "2", "PROCESS_ID: '2' is no place among 2 processes; give 0 to 1"),
        ("PROCESS_ID", "-1", "PROCESS_ID: '-1' is no place"),
        ("JOB_ADDRESSES", "", "JOB_ADDRESSES: is not set; give the HOST:PORT"),
        ("JOB_ADDRESSES", "a:1,b:1,c:1", "JOB_ADDRESSES: names 3 processes, .* says 2"),
        ("JOB_ADDRESSES", "10.0.0.1", "JOB_ADDRESSES: '10.0.0.1' is no HOST:PORT"),
        ("JOB_ADDRESSES", "a:99999", "JOB_ADDRESSES: 'a:99999' is no HOST:PORT"),
    ],
)
def test_variables_that_make_no_sense_are_refused(launched, name, value, says):
    with pytest.raises(InputError, match=f"^KERAS_DISTRIBUTION_{says}"):
        launched({**KERAS, f"KERAS_DISTRIBUTION_{name}": value})


def test_one_of_two_variables_alone_is_refused(launched):
    with pytest.raises(InputError, match="NUM_PROCESSES: is not set; give 2, say"):
        launched({"KERAS_DISTRIBUTION_PROCESS_ID": "0"})


def test_another_backend_and_one_device_are_refused(launched):
    with pytest.raises(InputError, match=r"train together on jax alone; add backend='jax'"):
        launched(KERAS, "torch")
    with pytest.raises(InputError, match=r"devices: 1, but KERAS_.* says 2 processes; give all"):
        launched(KERAS, devices=1)


def test_workers_of_tensorflow_are_refused(launched):
    hosts = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}'
    with pytest.raises(InputError, match=r"^TF_CONFIG: names 2 workers, .* add backend='jax'"):
        launched({"TF_CONFIG": hosts}, "tensorflow", 1)
    assert launched({"TF_CONFIG": hosts}, "jax") is None
    assert launched({"TF_CONFIG": '{"cluster": {"worker": ["a:1"]}}'}, "tensorflow") is None
    for other in ("", "{}", "[]", "no JSON", '{"cluster": 1}'):
        assert launched({"TF_CONFIG": other}, "tensorflow") is None
