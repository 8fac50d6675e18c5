"""Write the tables of `docs/reliability.md` from the files in `docs/reliability/`.

python -m scripts.reliability.page
"""

from collections import Counter

import click

from scripts.common.pages import fill
from scripts.common.runner import DOCS, read_rows
from scripts.reliability.audio import RESULTS as AUDIO
from scripts.reliability.command_kills import RESULTS as COMMAND_KILLS
from scripts.reliability.damage import RESULTS as DAMAGE
from scripts.reliability.training_kills import RESULTS as KILLS

PAGE = DOCS / "reliability.md"


def audio() -> str:
    """Return what became of the mutated audio files."""
    rows = read_rows(AUDIO)
    forms = {row["format"] for row in rows}
    ends = Counter(map(_end, rows))
    seconds = max(float(row["seconds"] or 0) for row in rows)
    lines = [f"{len(rows):,} files of {len(forms)} formats; the slowest took {seconds:.1f} s.", ""]
    lines += ["| end | files |", "|---|---|"]
    lines += [f"| {end} | {count} |" for end, count in ends.most_common()]
    return "\n".join(lines)


def _end(row: dict[str, str]) -> str:
    if row["end"] != "ok":
        return row["end"]
    return f"refused: {row['problem']}" if row["problem"] else "decoded"


def kills() -> str:
    """Return how many trainings were killed, and how their runs ended."""
    rows = read_rows(KILLS)
    lines = ["| backend | kills | runs | equal to the unbroken run |", "|---|---|---|---|"]
    for backend in dict.fromkeys(row["backend"] for row in rows):
        mine = [row for row in rows if row["backend"] == backend]
        killed = [row for row in mine if not row["ended"]]
        runs = {row["chain"]: row["equal"] for row in killed}
        equal = sum(each == "1" for each in runs.values())
        lines.append(f"| {backend} | {len(killed)} | {len(runs)} | {equal} |")
    return "\n".join(lines)


def command_kills() -> str:
    """Return how often each command was killed, and how the second calls ended."""
    rows = [row for row in read_rows(COMMAND_KILLS) if not row["ended"]]
    lines = ["| command | kills | left something unfinished | whole after a second call |"]
    lines += ["|---|---|---|---|"]
    for name in dict.fromkeys(row["command"] for row in rows):
        mine = [row for row in rows if row["command"] == name]
        left = sum(bool(row["left"]) for row in mine)
        equal = sum(row["equal"] == "1" for row in mine)
        lines.append(f"| `{name}` | {len(mine)} | {left} | {equal} |")
    return "\n".join(lines)


def damage() -> str:
    """Return how commands ended on mutated files of a run and a set, by file."""
    rows = read_rows(DAMAGE)
    mutations = {(row["file"], row["number"]) for row in rows}
    ends = sorted({row["end"] for row in rows} - {"worked", "refused", "TRACEBACK"})
    grown = max(int(row["grown_mb"]) for row in rows)
    lines = [
        f"{len(mutations):,} mutations, {len(rows):,} commands; none took more than {grown} MB"
        " beyond what those before it had.",
        "",
    ]
    lines += [f"| {' | '.join(['file', 'worked', 'refused in one line', *ends, 'tracebacks'])} |"]
    lines += [f"|---|{'---|' * (len(ends) + 3)}"]
    for name in dict.fromkeys(row["file"] for row in rows):
        mine = Counter(row["end"] for row in rows if row["file"] == name)
        counts = (mine[end] for end in ("worked", "refused", *ends, "TRACEBACK"))
        lines.append(f"| {' | '.join([f'`{name}`', *map(str, counts)])} |")
    return "\n".join(lines)


@click.command()
def main() -> None:
    """Fill the page."""
    made = {"audio": audio(), "damage": damage(), "kills": kills()}
    fill(PAGE, {**made, "command kills": command_kills()})
    click.echo(PAGE)


if __name__ == "__main__":
    main()
