"""A listener made of functions, for tests that care about one kind of news."""

from kwavegan.monitoring.listener import Listener


def listening(**methods):
    """Return a listener some of whose methods are the functions given: `listening(row=print)`."""
    listener = Listener()
    for name, function in methods.items():
        assert hasattr(listener, name), name
        setattr(listener, name, function)
    return listener
