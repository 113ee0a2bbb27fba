"""The one loop: restore, train, log, save, draw, finish. It does not know which method is running."""

import contextlib
import json
import signal
import time

import tensorflow as tf
from absl import logging

from idgan_tf import environment, run_log
from idgan_tf.errors import CheckpointError, Interrupted, NonFiniteError, require
from idgan_tf.files import sweep, write_text
from idgan_tf.progress import Progress
from idgan_tf.training import build, checkpoint, record, workers
from idgan_tf.training.call import TrainingCall
from idgan_tf.training.signals import Signals

SECONDS_PER_CALL = 1.0  # signals and the progress bar wait for a call to end


def train(run, settings, draw=None, evaluate=None):
    """Trains, or continues, the run that `settings` describe.

    Args:
        run: the `run_directory.Run` to write to, already created and locked.
        settings: a `build.Settings`.
        draw: (method, dataset) -> {name: uint8 [H, W, 3]}, the pictures of the training, or None.
        evaluate: (method, dataset, names, seed, best score so far) -> ([record], score), what to write to
            metrics.jsonl and how good the method is (more is better), or None.

    Returns:
        The trained method.

    Raises:
        NonFiniteError: a loss became NaN or infinite; the last checkpoint is from before.
        CheckpointError: there are checkpoints and none can be used.
        Interrupted: SIGINT or SIGTERM came; the state was saved first.
    """
    build.warn_of_slow_precision(settings)
    with settings.configuration.in_force():  # metrics and pictures have bindings, too
        return _train(run, settings, draw, evaluate)


def _train(run, settings, draw, evaluate):
    strategy = build.strategy(settings.jit_compile)
    with strategy.scope():
        method = build.method(settings, run)
    require(
        not settings.rollbacks or all(hasattr(p.optimizer.learning_rate, "assign") for p in method.players.values()),
        "train.rollbacks cannot lower a learning rate that follows a schedule",
    )
    call = TrainingCall(method, settings, strategy)
    best_score = tf.Variable(float("-inf"), trainable=False, dtype=tf.float64, name="best_score")
    rollbacks = tf.Variable(0, trainable=False, name="rollbacks")
    state = checkpoint.state(method, sums=call.sums, best_score=best_score, rollbacks=rollbacks)

    chief = workers.is_chief()
    if chief:
        sweep(run.checkpoints)
        sweep(run.best)
    if checkpoint.steps(run.checkpoints):
        checkpoint.restore(run.checkpoints, state)
    step = int(method.step.numpy())
    if workers.agree(step, -step) != [step, -step]:
        raise CheckpointError(f"the workers see other checkpoints than step {step}: they must share {run.path}")
    if chief:
        record.forget_after(run.metrics, step)
        with record.writing(run):
            began = environment.of_training(settings.dataset, settings.configuration)
            write_text(run.environment, json.dumps(began, indent=1) + "\n")
    logging.info("%s: %s", run.path, "from the start" if step == 0 else f"continuing after step {step}")
    logging.info("data: %s", settings.dataset.describe())
    for warning in method.foresee(settings.num_steps):
        logging.warning("%s", warning)

    rates = {f"learning_rate/{name}": player.optimizer for name, player in method.players.items()}
    board = tf.summary.create_file_writer(str(run.tensorboard)) if chief else tf.summary.create_noop_writer()
    with board.as_default(step):
        tf.summary.text("config", f"```\n{settings.configuration.text}\n```")

    def due(every):
        return every and (step % every == 0 or step == settings.num_steps)

    picture_every, evaluate_every = (draw and settings.picture_every), (evaluate and settings.evaluate_every)
    events = [settings.log_every, settings.save_every, picture_every, evaluate_every, settings.num_steps]
    steps_per_call = 1
    with Signals() as signals, Progress(run.name, step, settings.num_steps) as progress, board.as_default():
        try:
            while step < settings.num_steps:
                k = min(steps_per_call, *(every - step % every for every in events if every))
                start = time.perf_counter()
                with workers.lost():
                    finite = call(k)
                seconds, received = workers.agree(time.perf_counter() - start, signals.received)
                step += k
                if not finite:
                    problem = _non_finite(call.means(), step)
                    step = _roll_back(run, state, method, settings, rollbacks, problem)
                    call.restart()
                    progress.back_to(step)
                    continue
                if call.traces == 1 and k == steps_per_call:  # the first call also traced the graph
                    steps_per_call = max(1, round(min(2 * k, k * SECONDS_PER_CALL / seconds)))
                progress.advance(k)

                if due(settings.log_every):
                    means = call.means()
                    if chief:
                        with record.writing(run):
                            run_log.append_metrics(run.metrics, {"step": step, **means})
                    scalars = {**means, "steps_per_second": progress.rate}
                    scalars.update({name: optimizer.learning_rate for name, optimizer in rates.items()})
                    for name, value in scalars.items():
                        tf.summary.scalar(name, value, step)
                    progress.show(means)
                    for warning in method.diagnose(means):
                        progress.write(f"warning, step {step}: {warning}")
                if chief and due(picture_every):
                    pictures = draw(method, settings.dataset)
                    with record.writing(run):
                        record.draw(run, step, pictures)
                if chief and due(evaluate_every):
                    records, score = evaluate(
                        method, settings.dataset, settings.metrics, settings.seed, float(best_score.numpy())
                    )
                    with record.writing(run):
                        record.log_evaluation(run, step, records)
                        if score > best_score.numpy():
                            best_score.assign(score)
                            checkpoint.save(run.best, state, keep=1)
                if chief and (due(settings.save_every) or received):
                    with record.writing(run):
                        checkpoint.save(run.checkpoints, state, keep_every=settings.keep_every)
                if received:
                    workers.agree(step)  # nobody leaves before the chief has saved
                    raise _interrupted(received, step)
            if chief:
                with record.writing(run):
                    record.save_networks(run, method)
                    write_text(run.done, json.dumps({"step": step}))
            (received,) = workers.agree(signals.received)  # what the chief wrote is there for all
            if received:
                raise _interrupted(received, step)
        finally:
            with contextlib.suppress(tf.errors.OpError):  # the scalars of a full disk
                board.flush()
    return method


def is_done(run, settings):
    """Whether the run has finished `settings.num_steps` and its networks were written."""
    return (run.steps_done() or 0) >= settings.num_steps


def _interrupted(number, step):
    name = signal.Signals(int(number)).name
    return Interrupted(f"stopped by {name} after step {step}, all saved", int(number))


def _non_finite(means, step):
    bad = sorted(name for name, value in means.items() if value - value != 0.0) or ["weights"]
    return f"{', '.join(bad)} became non-finite by step {step}"


def _roll_back(run, state, method, settings, rollbacks, problem):
    """Goes back to the last checkpoint with lower learning rates; returns its step.

    Raises:
        NonFiniteError: there is no checkpoint, or `settings.rollbacks` are used up.
    """
    saved, used = checkpoint.steps(run.checkpoints), int(rollbacks.numpy()) + 1
    if not saved:
        raise NonFiniteError(f"{problem}; there is no checkpoint yet; try a lower learning rate")
    if used > settings.rollbacks:
        raise NonFiniteError(
            f"{problem}; the checkpoint of step {saved[-1]} is kept; to continue it with lower learning rates, pass "
            f"--gin_param='train.rollbacks = {used}'"
        )
    step = checkpoint.restore(run.checkpoints, state)
    factor = settings.rollback_factor ** (used - int(rollbacks.numpy()))  # since that checkpoint
    rollbacks.assign(used)
    if workers.is_chief():
        record.forget_after(run.metrics, step)
    for player in method.players.values():
        player.optimizer.learning_rate.assign(player.optimizer.learning_rate * factor)
    logging.warning(
        "%s; back to step %d with %g times its learning rates (%d of %d)",
        problem, step, factor, used, settings.rollbacks,
    )  # fmt: skip
    return step
