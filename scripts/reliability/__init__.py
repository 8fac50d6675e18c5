"""The campaign behind `docs/reliability.md`: kills, full disks, damaged and hostile files."""
