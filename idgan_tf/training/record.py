"""What a training leaves in its run directory besides checkpoints: lines, pictures, networks."""

import contextlib
import json
import time

import tensorflow as tf

from idgan_tf import image_files, run_log
from idgan_tf.errors import DataError
from idgan_tf.files import replacing, write_text
from idgan_tf.training import checkpoint


def log_evaluation(run, step, records):
    """Writes what `Result.record` gives to metrics.jsonl and TensorBoard."""
    for record in records:
        run_log.append_metrics(run.metrics, {"step": step, **record})
        for name, value in run_log.values_of(record).items():
            tf.summary.scalar(f"{run_log.EVALUATION}{name}", value, step)


def draw(run, step, pictures):
    """Writes {name: (uint8 [H, W, 3], what it shows)} to samples/ and TensorBoard."""
    for name, (picture, shows) in pictures.items():
        image_files.save(run.samples / f"{name}-{step:08d}", picture, {"shows": shows, "run": run.name, "step": step})
        tf.summary.image(name, picture[None], step)


@contextlib.contextmanager
def writing(run):
    """Says it when the disk is full, gone, or no longer ours."""
    try:
        yield
    except (OSError, tf.errors.ResourceExhaustedError, tf.errors.UnknownError) as error:
        saved = checkpoint.steps(run.checkpoints)
        last = f"the checkpoint of step {saved[-1]} is whole" if saved else "there is no checkpoint yet"
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot write to {run.path}: {reason}; {last}") from error


def save_networks(run, method):
    """networks/<name>.keras, for people and for the next stage: each whole or not at all."""
    run.networks.mkdir(exist_ok=True)
    for name, network in method.networks.items():
        with replacing(run.networks / f"{name}.keras") as temporary:
            network.save(temporary)


def forget_events_after(board, step):
    """Tells TensorBoard, through the writer `board`, that the events of later steps in this folder do not count."""
    start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
    event = tf.compat.v1.Event(wall_time=time.time(), step=step + 1, session_log=start)
    tf.raw_ops.ImportEvent(writer=board._resource, event=event.SerializeToString())  # tf.summary writes no such event


def logged_names(lines):
    """The names of the values of a training's newest line, in its order; [] without one."""
    newest = next((line for line in reversed(lines) if not run_log.is_evaluation(line)), {})
    return list(run_log.values_of(newest))


def best_name(lines):
    """Of which value the lines of an evaluation name the best so far, by the newest of them; None without any."""
    named = (name for line in reversed(lines) for name in line if name.startswith("best_"))
    return next(named, "").removeprefix("best_") or None


def forget_after(metrics, step):
    """Drops the lines of steps that the restored checkpoint has not seen, to be written again; gives the others."""
    kept = [record for record in run_log.read_metrics(metrics) if record["step"] <= step]
    if metrics.exists():
        write_text(metrics, "".join(json.dumps(record) + "\n" for record in kept))
    return kept
