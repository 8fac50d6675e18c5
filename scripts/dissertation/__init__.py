"""The experiments of Hill 2018 run again; `docs/dissertation.md` shows the results."""
