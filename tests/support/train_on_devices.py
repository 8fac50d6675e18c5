"""Train a run on all devices, in a process of its own: `DATA CONFIG NAME RUNS`."""

import sys
from pathlib import Path

from scripts.experiments.spread_worker import simulated

DEVICES = 2


def main(data, config, name, runs_dir):
    with simulated(DEVICES) as engine:
        from kwavegan.config.resolution import read_config
        from kwavegan.data.dataset import open_dataset
        from kwavegan.training.session import run_training

        assert engine.count == DEVICES
        run_training(read_config(Path(config)), open_dataset(data), name, runs_dir, engine=engine)


if __name__ == "__main__":
    main(*sys.argv[1:])
