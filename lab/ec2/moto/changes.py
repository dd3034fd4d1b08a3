"""Tells the reconciler that something changed, so that it need not ask all the time."""

import threading

_changed = threading.Condition()
_count = 0


def note() -> None:
    """A call that may have changed something has ended."""
    global _count
    with _changed:
        _count += 1
        _changed.notify_all()


def wait_for_other_than(seen: int, seconds: float) -> int:
    """The number of changes so far, as soon as it is not `seen`, or after so many seconds."""
    with _changed:
        _changed.wait_for(lambda: _count != seen, seconds)
        return _count
