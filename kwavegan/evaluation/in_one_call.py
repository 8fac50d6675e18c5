"""Evaluate in one call: what `kwavegan evaluate` does, from Python."""

from collections.abc import Callable, Sequence
from pathlib import Path

from kwavegan.data.dataset import data_digest
from kwavegan.data.load import load_trained_data
from kwavegan.errors import InputError, shell_command
from kwavegan.evaluation import external
from kwavegan.evaluation.evaluator import build_reference
from kwavegan.evaluation.evaluator import evaluate as evaluate_generator
from kwavegan.evaluation.results import Evaluation
from kwavegan.generation.generator import SoundGenerator, load_generator
from kwavegan.storage.encodings import tell


def evaluate(
    run: SoundGenerator | str | Path | None = None,
    n: int = 1_000,
    *,
    seed: int = 0,
    evaluators: Sequence[str] = (),
    data: str | Path | None = None,
    note: Callable[[str], None] | None = tell,
) -> Evaluation:
    """Measure a run's sounds against the test sounds of its data; writes nothing.

    Args:
        run: a generator, or a run's name or path; None for the latest run.
        n: number of sounds to generate.
        seed: of their latents.
        evaluators: external evaluators to ask too: `"dnsmos"`, `"speech-embedding"` or
            `"pocketsphinx"`.
        data: what the run was trained on, if it has moved.
        note: called with a line where something takes time, by default it prints; None for
            silence.

    Returns:
        Measures in all and label by label, each beside that of real sounds.

    Raises:
        InputError: the run or its data cannot be used, or an external evaluator is not installed.

    Example:
        >>> import kwavegan
        >>> drums = kwavegan.load_pretrained("drums")
        >>> evaluation = kwavegan.evaluate(drums, n=30, data="kit", note=None)
        >>> evaluation.overall["label_accuracy"].value > 0.5
        True
    """
    generator = run if isinstance(run, SoundGenerator) else load_generator(run)
    config = generator.config
    external.check(evaluators, config.labels)
    for problem in generator.problems:
        (note or _silent)(problem)
    trained = generator.run
    moved = shell_command("evaluate", trained.name, data="SOUNDS", runs_dir=trained.runs_dir)
    dataset = load_trained_data(config, str(data) if data is not None else None, moved)
    try:
        config.for_dataset(dataset)
    except InputError as error:
        raise InputError(
            f"{dataset.spelled}: not what {generator.run.name} was trained on: {error.args[0]}"
        ) from error
    trained_on = generator.run.status().data
    if trained_on and trained_on != data_digest(dataset):
        (note or _silent)(
            f"{dataset.path}: has changed since {generator.run.name} was trained on it; sounds that"
            " are for the test now may have been learned"
        )
    reference = build_reference(dataset, note or _silent)
    evaluation = evaluate_generator(generator, reference, n, seed, evaluators)
    for line in evaluation.warnings:
        (note or _silent)(line)
    return evaluation


def _silent(line: str) -> None:
    pass
