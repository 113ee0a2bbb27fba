"""Commands in processes forked from one that has imported TensorFlow: they start in no time, and die alone.

A fork copies one thread and all locks. So the process that forks has that one thread and has computed nothing:
TensorFlow's own threads start with the first operation. Every child looks whether that is so.
"""

import dataclasses
import multiprocessing
import os
import pathlib
import tempfile
from unittest import mock

from tests.faults import child
from tests.helpers import PROJECT

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    ["tests.faults.child", "tests.tiny.networks", "idgan_tf.commands.closing", "idgan_tf.experiments.stages"]
    + ["idgan_tf.training.loop", "idgan_tf.experiments.evaluate", "idgan_tf.visualize.figures"]
)
# numpy's BLAS would start threads when it is imported.
ENVIRONMENT = {"PYTHONPATH": str(PROJECT), "OPENBLAS_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


@dataclasses.dataclass
class Finished:
    """What `subprocess.run` would tell: minus the number of the signal for who was killed."""

    returncode: int
    stdout: str
    stderr: str


def run(command, flags, place="nowhere", argument=0, timeout=900):
    """Runs bin/<command> with these flags, armed as in `child.start`.

    Raises:
        TimeoutError: it did not end.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = (pathlib.Path(folder), command, [str(flag) for flag in flags], place, argument)
        process = SERVER.Process(target=_child, args=arguments)
        with mock.patch.dict(os.environ, ENVIRONMENT):  # the first start starts the server
            process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{command} {flags}")
        texts = (pathlib.Path(folder, name).read_text() for name in ("stdout", "stderr"))
        return Finished(process.exitcode, *texts)


def _child(folder, command, flags, place, argument):
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(folder / name, os.O_CREAT | os.O_WRONLY), number)
    from tensorflow.python.eager import context

    assert not context.context()._initialized, "TensorFlow computed before the fork"
    threads = os.listdir(f"/proc/{os.getppid()}/task")
    assert len(threads) == 1, f"the process that forks has {len(threads)} threads"
    os.chdir(PROJECT)
    child.start(command, flags, place, argument)
