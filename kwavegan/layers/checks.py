"""Checks of arguments that several layers share."""


def require_positive(layer: str, **values: float) -> None:
    """Raise a `ValueError` that names a layer's arguments where one is below 1."""
    if min(values.values()) < 1:
        names, given = " and ".join(values), " and ".join(map(str, values.values()))
        raise ValueError(f"{layer}: {names} must be positive; got {given}")
