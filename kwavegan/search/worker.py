"""The process of one trial of a search: `python -m kwavegan.search.worker`.

The search writes a line of JSON: the settings, the folder and the name of the run. The worker
writes lines of JSON: each row and each evaluation, which the search answers with a line
(`continue`, `stop` or `prune`), and at last how the trial ended. Where no reply comes, the search
is gone: the worker saves the run and stops, so that a later search can continue it.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from kwavegan.backend.environment import own_the_process
from kwavegan.backend.selection import start_backend
from kwavegan.config.settings import Config
from kwavegan.errors import InputError
from kwavegan.storage.failures import explain


class Channel:
    """Connects a trial to its search.

    Args:
        replies: the stream that replies come from.
        messages: the stream that messages go to.

    Attributes:
        reply: the last reply; once that is not `"continue"`, it stays.
    """

    def __init__(self, replies: TextIO, messages: TextIO) -> None:
        self.replies, self.messages = replies, messages
        self.reply = "continue"

    def tell(self, **message: Any) -> None:
        """Send a message that needs no reply."""
        with suppress(OSError):
            self.messages.write(json.dumps(message) + "\n")
            self.messages.flush()

    def ask(self, **message: Any) -> None:
        """Send a message, and wait for the reply."""
        self.tell(**message)
        reply = self.replies.readline().strip() or "stop"
        if self.reply == "continue":
            self.reply = reply


def main() -> None:
    """Train one run as the search says."""
    own_the_process()
    messages = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not come between the messages
    channel = Channel(sys.stdin, messages)
    channel.tell(**run_job(json.loads(sys.stdin.readline()), channel))
    with suppress(OSError):
        messages.close()


def run_job(job: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Train a trial, or continue it, and return its outcome.

    Args:
        job: `config`, `folder` and `name`.
        channel: to the search.

    Returns:
        `ended`: `"finished"`, `"stopped"`, `"stalled"`, `"diverged"`, `"pruned"`, `"refused"` (the
        settings do not go together) or `"failed"`; `why`; and of a trial that was trained `score`,
        `best_step`, `step` and `seconds`.
    """
    from kwavegan.data.load import load_dataset

    config = Config(**job["config"])
    try:
        dataset = load_dataset(config.data, config)
        try:
            config = config.for_dataset(dataset, config.data)
        except InputError as error:
            return {"ended": "refused", "why": error.for_command_line()}
        # Imports a backend, which no trial needs that is refused.
        start_backend()
        from kwavegan.search.trial import train_trial

        return train_trial(config, dataset, Path(job["folder"]), job["name"], channel)
    except InputError as error:
        return {"ended": "failed", "why": error.for_command_line()}
    except Exception as error:
        if (line := explain(error)) is None:
            raise
        return {"ended": "failed", "why": InputError(line).for_command_line()}


if __name__ == "__main__":
    main()
