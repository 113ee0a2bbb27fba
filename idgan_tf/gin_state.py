"""The private names of gin that this project touches: gin has one configuration a process, and cannot put it aside.

Only the names that gin has registered are left alone: a module registers them when it is imported, which it is once.
"""

import contextlib

import gin
from gin import config as _gin

EMPTY = ({}, {}, set(), {}, False)


def now():
    """(bindings, those used so far, imports, singletons, whether it is locked): a copy, two levels deep.

    The first two are {(scope, name): {parameter: value}}.
    """
    with _gin._OPERATIVE_CONFIG_LOCK:
        bound, used = (_copy(there) for there in (_gin._CONFIG, _gin._OPERATIVE_CONFIG))
    return bound, used, set(_gin._IMPORTS), dict(_gin._SINGLETONS), gin.config_is_locked()


def put(state):
    """Makes a state that `now` gave that of gin."""
    bound, used, imports, singletons, locked = state
    with _gin._OPERATIVE_CONFIG_LOCK:
        _fill(_gin._CONFIG, _copy(bound))
        _fill(_gin._OPERATIVE_CONFIG, _copy(used))
    _fill(_gin._IMPORTS, imports)
    _fill(_gin._SINGLETONS, singletons)
    _gin._set_config_is_locked(locked)


@contextlib.contextmanager
def restored():
    """Leaves gin after the block as it was before it."""
    before = now()
    try:
        yield
    finally:
        put(before)


@contextlib.contextmanager
def reading_with(reader, located):
    """Lets gin open a file with `reader` where `located` finds it, from its name or None, while the block runs."""
    readers = _gin._FILE_READERS
    before = readers[:]
    readers.insert(0, (lambda name: reader(located(name)), located))  # gin's own would open, or miss, the file first
    try:
        yield
    finally:
        readers[:] = before


def _copy(bindings):
    return {key: dict(values) for key, values in bindings.items()}


def _fill(there, values):
    there.clear()
    there.update(values)
