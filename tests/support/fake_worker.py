"""Stands in for `python -m kwavegan.search.worker` where a test is about the search.

It trains nothing, and imports nothing of kwavegan, which would take longer than the rest.

The score after a step is step × (1 − |log10(lr) + 3| / 4) / steps, best at lr = 1e-3. With some
batches it does otherwise: 1 ends with code 3, 2 has ten times the score and diverges half way, 3
scores next to nothing, 4 is refused, 5 hangs without a word, 6 takes a sixth of a second a step.
"""

import json
import math
import sys
import time
from pathlib import Path
from types import SimpleNamespace


def main():
    job = json.loads(sys.stdin.readline())
    config = SimpleNamespace(**job["config"])
    path = Path(job["folder"]) / job["name"]
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(job["config"]))
    if config.batch_size == 1:
        print("out of luck", file=sys.stderr)
        sys.exit(3)
    if config.batch_size == 4:
        return {"ended": "refused", "why": "no four"}
    if config.batch_size == 5:
        time.sleep(60)
    best = None
    for step in range(config.evaluate_every, config.steps + 1, config.evaluate_every):
        if config.batch_size == 2 and 2 * step > config.steps:
            return {"ended": "diverged", "why": "a loss", "score": best, "step": step}
        time.sleep(1 / 6 if config.batch_size == 6 else 0)
        score = step * (1 - abs(math.log10(config.lr) + 3) / 4) / config.steps
        best = score * {2: 10, 3: 0.001}.get(config.batch_size, 1)
        print(json.dumps({"step": step, "score": best}), flush=True)
        reply = sys.stdin.readline().strip()
        if reply != "continue":
            return {"ended": "pruned" if reply == "prune" else "stopped", "score": best}
    return {"ended": "finished", "score": best, "best_step": step, "step": step, "seconds": 1.0}


print(json.dumps(main()), flush=True)
