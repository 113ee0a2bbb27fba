"""Several machines on one run: which of them this process is, and what they agree on.

TF_CONFIG, or Slurm's `srun` with more than one task, makes a run one of several workers; they share the run
directory, and the chief alone writes to it. The arithmetic is tf.distribute.MultiWorkerMirroredStrategy's.
"""

import contextlib
import functools
import hashlib
import os
import signal
import socket
import threading
import time

import tensorflow as tf
from absl import logging

from idgan_tf.errors import ConfigError, WorkerLost, require
from idgan_tf.training.signals import Signals

TELL_AFTER, TELL_EVERY = 10.0, 60.0  # seconds of waiting for other workers
PATIENCE, GO = 0.5, b"all are here"  # seconds of one look, and what the first worker answers


def resolver():
    """The cluster that TF_CONFIG or Slurm describes, or None for a process alone.

    Raises:
        ConfigError: the description cannot be understood.
    """
    try:
        found = None
        if os.environ.get("TF_CONFIG"):
            found = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        elif int(os.environ.get("SLURM_STEP_NUM_TASKS", 1)) > 1:  # srun sets it
            found = _of_slurm()
        if found is not None and not found.cluster_spec().as_dict():
            raise ValueError("no workers in it")
        return found
    except (ValueError, KeyError, RuntimeError) as error:
        raise ConfigError(f"TF_CONFIG or Slurm's variables do not describe a cluster: {error}") from error


def _of_slurm():
    """The tasks of this `srun`, with the GPUs that Slurm itself gave to each."""
    resolvers = tf.distribute.cluster_resolver
    nodes = resolvers.SlurmClusterResolver(
        port_base=int(os.environ.get("IDGAN_PORT", 8888)),
        gpus_per_node=1 << 16,  # it counts GPUs to divide them; they are divided already
        gpus_per_task=1,
        auto_set_gpu=False,
    )
    return resolvers.SimpleClusterResolver(
        nodes.cluster_spec(),
        task_type="worker",
        task_id=int(os.environ["SLURM_PROCID"]),
        num_accelerators={"GPU": len(tf.config.list_physical_devices("GPU"))},
        rpc_layer="grpc",
    )


@functools.cache  # asked before any TensorFlow operation, as collectives need, and answered alike ever after
def strategy():
    """MirroredStrategy over this machine's devices, or MultiWorkerMirroredStrategy over those of all workers."""
    cluster = resolver()
    if cluster is not None:
        gather(cluster)
        return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=cluster)
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def gather(cluster):
    """Waits until the processes of all workers of a cluster are there, and tells for whom.

    TensorFlow would wait by itself, in C++ with Python's lock in hand, where nothing is told and no signal heard. So
    all call the first worker, at the port that TensorFlow takes next, and it lets them go once it has heard them all.
    """
    spec, me = cluster.cluster_spec(), f"{cluster.task_type} {cluster.task_id}"
    jobs = [job for job in ("chief", "worker") if job in spec.jobs]
    places = {f"{job} {i}": address for job in jobs for i, address in enumerate(spec.job_tasks(job))}
    first = next(iter(places))
    host, _, port = places[first].rpartition(":")
    if me == first:
        _hear(int(port), set(places) - {me}, places, me)
    elif me in places:
        _call((host, int(port)), me, f"{first} ({places[first]})")


def _hear(port, missing, places, me):
    """Waits for the calls of other workers, answers all at once, and frees the port.

    Raises:
        ConfigError: the port is taken.
    """
    tell = _Telling(me)
    with contextlib.ExitStack() as stack:
        try:
            listening = stack.enter_context(socket.create_server(("", port)))
        except OSError as error:
            raise ConfigError(f"{me} cannot listen at port {port}: {error.strerror}") from error
        listening.settimeout(PATIENCE)
        callers = {}
        while missing - callers.keys():
            tell.waits_for(", ".join(f"{name} ({places[name]})" for name in sorted(missing - callers.keys())))
            with contextlib.suppress(OSError):
                caller = stack.enter_context(listening.accept()[0])
                caller.settimeout(PATIENCE)
                callers[caller.recv(100).decode(errors="replace")] = caller
        for caller in callers.values():
            with contextlib.suppress(OSError):
                caller.sendall(GO)
                caller.recv(1)  # until it has hung up: whoever does it first keeps a port busy


def _call(address, me, first):
    """Calls the first worker until it answers."""
    tell = _Telling(me)
    while True:
        tell.waits_for(first)
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=PATIENCE) as line:
            line.sendall(me.encode())
            while True:
                with contextlib.suppress(TimeoutError):
                    if line.recv(100) == GO:
                        return
                    break  # it is no first worker, or has gone
                tell.waits_for(f"the others that {first} waits for")
        time.sleep(PATIENCE)


class _Telling:
    """Says now and then for whom this worker waits."""

    def __init__(self, me):
        self._me, self._began = me, time.monotonic()
        self._next = self._began + TELL_AFTER

    def waits_for(self, whom):
        now = time.monotonic()
        if now >= self._next:
            self._next = now + TELL_EVERY
            logging.info("%s has waited %.0f s for %s", self._me, now - self._began, whom)


def count():
    """How many workers there are."""
    return getattr(strategy().extended, "_num_workers", 1)


def is_chief():
    """Whether this process writes what a run leaves."""
    if count() == 1:
        return True
    cluster = strategy().cluster_resolver
    first = "chief" if "chief" in cluster.cluster_spec().jobs else "worker"
    return (cluster.task_type, cluster.task_id) == (first, 0)


def agree(*values):
    """The largest of each number over all workers, as floats; also the place where they wait for each other."""
    if count() == 1:
        return [float(value) for value in values]
    with lost():
        return [float(value) for value in _largest(tf.constant(values, tf.float32)).numpy()]


def meet(text=""):
    """Waits for all workers before they train.

    Raises:
        ConfigError: not all came with the same text, which is that of their command.
    """
    if count() == 1:
        return
    digest = hashlib.sha256(text.encode()).digest()
    numbers = [int.from_bytes(digest[i : i + 2], "big") for i in (0, 2, 4, 6)]  # that float32 holds exactly
    numbers += [-number for number in numbers]
    same = _waiting(lambda: agree(*numbers), strategy().cluster_resolver) == numbers
    told = "the workers have different configurations: give all of them the same gin files, bindings and --from_run"
    require(same, told)


def _waiting(work, cluster):
    """What `work()` gives, which waits for other workers, in another thread.

    This one hears signals meanwhile, which TensorFlow would take for itself: they end the process at once.
    """
    came = []

    def do():
        try:
            came.append((work(), None))
        except BaseException as error:  # raised again by whoever waits
            came.append((None, error))

    tell = _Telling(f"{cluster.task_type} {cluster.task_id}")
    with Signals() as signals:
        thread = threading.Thread(target=do, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(0.2)
            signals.listen()
            tell.waits_for("the other workers")
            if signals.received:
                break
        if signals.received:
            name = signal.Signals(signals.received).name
            logging.error("ended by %s while waiting for the other workers; nothing is lost", name)
            os._exit(128 + signals.received)  # the other thread cannot be ended
    result, error = came[0]
    if error is not None:
        raise error
    return result


@tf.function
def _largest(values):
    rows = strategy().run(lambda x: x[None], args=(values,))
    return tf.reduce_max(strategy().gather(rows, axis=0), axis=0)


@contextlib.contextmanager
def lost():
    """Turns the errors of a collective whose partner has gone into one that says so."""
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.InternalError) as e:
        if count() == 1:
            raise
        raise WorkerLost(
            f"another worker is gone ({' '.join(e.message.split())[:120]}); start the workers again, as many as you "
            "like: the run continues from its last checkpoint"
        ) from e
