"""The private names of gin that this project touches: gin has one configuration a process, and cannot put it aside.

So one thread has it at a time: others wait in `restored` until it is done, those of a training until the training ends.
Only the names that gin has registered are left alone: a module registers them when it is imported, which it is once.
"""

import contextlib
import threading

import gin
from absl import logging
from gin import config as _gin

EMPTY = ({}, {}, set(), {}, False)
PATIENCE = 10.0  # seconds that a thread waits for gin without a word
_one_thread = threading.RLock()


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
    """Leaves gin after the block as it was before it, and to this thread while the block runs."""
    if not _one_thread.acquire(timeout=PATIENCE):
        logging.warning("waiting for another thread of this process, which has a configuration in force")
        _one_thread.acquire()
    try:
        before = now()
        try:
            yield
        finally:
            put(before)
    finally:
        _one_thread.release()


@contextlib.contextmanager
def reading_with(reader, located):
    """Lets gin open files with `reader` alone, where `located` finds them, or None, while the block runs."""
    readers = vars(_gin)["_FILE_READERS"]
    before = readers[:]
    readers[:] = [(lambda name: reader(located(name)), located)]  # gin's own would log an error for files elsewhere
    try:
        yield
    finally:
        readers[:] = before


def forget(macros, scoped):
    """Takes macros, and bindings of {(scopes, last part of a name)}, out of gin's configuration; whether it had any."""
    gone = [
        (scope, name)
        for scope, name in _gin._CONFIG
        if (scope in macros if name == "gin.macro" else (scope, name.rpartition(".")[2]) in scoped)
    ]
    for key in gone:
        del _gin._CONFIG[key]
    return bool(gone)


def modules_bound(package):
    """The modules of a package whose configurables have bindings, but for those that an import names."""
    bound = {name.rpartition(".")[0] for _, name in _gin._CONFIG if name.startswith(f"{package}.")}
    return sorted(bound - {found.module for found in _gin._IMPORTS})


def namesakes(package):
    """[(name in a package, name elsewhere)] of configurables that a binding of their last part cannot tell apart."""
    names = list(_gin._REGISTRY._selector_map)
    ours = {name.rsplit(".", 1)[-1]: name for name in names if name.startswith(f"{package}.")}
    lasts = [(ours.get(name.rsplit(".", 1)[-1], name), name) for name in names]
    return [(mine, name) for mine, name in lasts if mine != name]


def _copy(bindings):
    return {key: dict(values) for key, values in bindings.items()}


def _fill(there, values):
    there.clear()
    there.update(values)
