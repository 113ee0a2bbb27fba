"""The one loop: restore, train, log, save, draw, finish. It does not know which method is running."""

import contextlib
import json
import signal
import time

import tensorflow as tf
from absl import logging

from idgan_tf import run_log
from idgan_tf.errors import CheckpointError, Interrupted, NonFiniteError, UserError, message, require
from idgan_tf.files import sweep, write_text
from idgan_tf.progress import Progress
from idgan_tf.training import build, checkpoint, environment, record, workers
from idgan_tf.training.call import TrainingCall, sums_as_written
from idgan_tf.training.signals import Signals

SECONDS_PER_CALL = 1.0  # signals and the progress bar wait for a call to end


def train(run, settings, draw=None, evaluate=None, begin=None):
    """Trains, or continues, the run that `settings` describe.

    Args:
        run: the `run_directory.Run` to write to, already created and locked.
        settings: a `build.Settings`.
        draw: (method, dataset) -> {name: (uint8 [H, W, 3], what it shows)}, the pictures of the training, or None.
        evaluate: (method, dataset, names, seed, best) -> ([record], best), what to write to metrics.jsonl, and the
            (name, score) of the best so far (more is better) before and after, at first (None, -inf); or None.
        begin: (method) -> {name: value}, what gives a run that has no checkpoint its first weights, and says for
            environment.json which; or None.

    Returns:
        The trained method.

    Raises:
        NonFiniteError: a loss became NaN or infinite; the last checkpoint is from before.
        CheckpointError: there are checkpoints and none can be used.
        Interrupted: SIGINT, SIGTERM or SIGHUP came; the state was saved first.
    """
    build.warn_of_slowness(settings)
    with settings.configuration.in_force(), sums_as_written():  # for metrics and pictures, too
        training = _Training(run, settings, draw, evaluate, begin)
        training.resume()
        training.finish()
    return training.method


class _Training:
    """A method, the step it has reached, and the run directory that hears of it; the arguments are those of `train`."""

    def __init__(self, run, settings, draw, evaluate, begin):
        self.run, self.settings, self.draw, self.evaluate, self.begin = run, settings, draw, evaluate, begin
        strategy = build.strategy(settings.jit_compile)
        with strategy.scope():
            self.method = build.method(settings, run)
        self.call = TrainingCall(self.method, settings, strategy)
        self.best_score = tf.Variable(tf.constant(float("-inf"), tf.float64), trainable=False, name="best_score")
        self.rollbacks = tf.Variable(tf.zeros([], tf.int32), trainable=False, name="rollbacks")
        loop = {"sums": self.call.sums, "best_score": self.best_score, "rollbacks": self.rollbacks}
        self.state = checkpoint.state(self.method, **loop)
        self.chief = workers.is_chief()
        self.picture_every = settings.picture_every if draw else 0
        self.evaluate_every = settings.evaluate_every if evaluate else 0
        self.step, self.steps_per_call, self.board = 0, 1, None
        self.best_name = None  # of the value that has the best score
        self.failures = []  # of pictures and metrics

    def resume(self):
        """Goes to the newest checkpoint, where there is one, and says what begins."""
        run, settings = self.run, self.settings
        if self.chief:
            sweep(run.checkpoints)
            sweep(run.best)
        begun = None
        if checkpoint.steps(run.checkpoints):
            checkpoint.restore(run.checkpoints, self.state)
        elif self.begin is not None:
            begun = self.begin(self.method)
        self.step, self.steps_per_call = int(self.method.step.numpy()), 1
        if workers.agree(self.step, -self.step) != [self.step, -self.step]:
            raise CheckpointError(
                f"the workers see other checkpoints than step {self.step}: they must share {run.path}"
            )
        if self.chief:
            lines = record.forget_after(run.metrics, self.step)
            self.best_name = record.best_name(lines)
            if record.logged_names(lines) not in ([], self.call.names):
                self.call.means()  # forgets sums of values that an earlier version logged, in its order
            with record.writing(run):
                if self.step < settings.num_steps or not run.environment.exists():
                    environment.remember(run, settings, self.step > 0, begun)
                if begun:  # so that whatever happens, it continues from these weights
                    checkpoint.save(run.checkpoints, self.state)
        logging.info("%s: %s", run.path, f"continuing after step {self.step}" if self.step else "from the start")
        logging.info("data: %s", settings.dataset.describe())
        for warning in self.method.foresee(settings.num_steps):
            logging.warning("%s", warning)

    def finish(self):
        """Trains to the last step, and writes what a finished run has."""
        run, last = self.run, self.settings.num_steps
        board = tf.summary.create_file_writer(str(run.tensorboard)) if self.chief else tf.summary.create_noop_writer()
        self.board = board
        with Signals() as signals, Progress(run.name, self.step, last) as progress, board.as_default(self.step):
            try:
                self._forget_events()
                tf.summary.text("config", f"```\n{self.settings.configuration.text}\n```")
                while self.step < last:
                    received = self._call(signals, progress)
                    if received is not None:
                        self._events(received, progress)
                if self.failures:
                    count, first = len(self.failures), self.failures[0]
                    logging.warning("pictures or metrics failed %d times; the first: %s", count, first)
                if self.chief:
                    with record.writing(run):
                        record.save_networks(run, self.method)
                        write_text(run.done, json.dumps({"step": self.step}))
                (received,) = workers.agree(signals.received)  # what the chief wrote is there for all
                if received:
                    raise _interrupted(received, self.step)
            finally:
                with contextlib.suppress(tf.errors.OpError):  # the scalars of a full disk
                    board.flush()

    def _call(self, signals, progress):
        """Some steps; gives the signal that any worker received, 0 for none, or None after a roll back."""
        settings = self.settings
        every = (settings.log_every, settings.save_every, self.picture_every, self.evaluate_every, settings.num_steps)
        k = min(self.steps_per_call, *(n - self.step % n for n in every if n))
        start = time.perf_counter()
        with workers.lost():
            finite = self.call(k)
        seconds, received = workers.agree(time.perf_counter() - start, signals.received)
        self.step += k
        if not finite:
            self._roll_back(_non_finite(self.call.means(), self.step))
            progress.back_to(self.step)
            return None
        if self.call.traces == 1 and k == self.steps_per_call:  # the first call also traced the graph
            self.steps_per_call = max(1, round(min(2 * k, k * SECONDS_PER_CALL / seconds)))
        progress.advance(k)
        return received

    def _events(self, received, progress):
        """What is due at this step: lines, pictures, scores, a checkpoint.

        Raises:
            Interrupted: a signal was received; all is saved.
        """
        if self._due(self.settings.log_every):
            self._log(progress)
        if self.chief and self._due(self.picture_every):
            pictures = self._spared(progress, "the pictures", self.draw, self.method, self.settings.dataset)
            with record.writing(self.run):
                record.draw(self.run, self.step, pictures or {})
        if self.chief and self._due(self.evaluate_every):
            self._score(progress)
        if self.chief and (self._due(self.settings.save_every) or received):
            with record.writing(self.run):
                checkpoint.save(self.run.checkpoints, self.state, keep_every=self.settings.keep_every)
        if received:
            workers.agree(self.step)  # nobody leaves before the chief has saved
            raise _interrupted(received, self.step)

    def _due(self, every):
        return every and (self.step % every == 0 or self.step == self.settings.num_steps)

    def _log(self, progress):
        """The means since the last time to metrics.jsonl, TensorBoard and the terminal, with what they call for."""
        means = self.call.means()
        if self.chief:
            with record.writing(self.run):
                run_log.append_metrics(self.run.metrics, {"step": self.step, **means})
        weights = self.call.weights
        tagged = {f"weights/{n}" if n in weights else self.method.tag(n): value for n, value in means.items()}
        rates = {f"{name}/learning_rate": p.optimizer.learning_rate for name, p in self.method.players.items()}
        for name, value in {**tagged, "steps_per_second": progress.rate, **rates}.items():
            tf.summary.scalar(name, value, self.step)
        progress.show(means)
        for warning in self.method.diagnose(means):
            progress.write(f"warning, step {self.step}: {warning}")

    def _spared(self, progress, what, work, *arguments):
        """What `work(*arguments)` gives, or None where it fails; the training goes on and says so."""
        try:
            return work(*arguments)
        except Exception as error:  # anything: a picture, or a metric of one's own, is not worth days of training
            reason = message(error) if isinstance(error, UserError) else f"{type(error).__name__}: {message(error)}"
            self.failures.append(f"{what} of step {self.step} failed: {reason}")
            progress.write(f"warning: {self.failures[-1]}")
            return None

    def _score(self, progress):
        """The metrics, and the checkpoint of the best score so far."""
        settings, before = self.settings, (self.best_name, float(self.best_score.numpy()))
        given = self.method, settings.dataset, settings.metrics, settings.seed, before
        records, best = self._spared(progress, "the metrics", self.evaluate, *given) or ([], before)
        with record.writing(self.run):
            record.log_evaluation(self.run, self.step, records)
            self.best_name, score = best
            if score != before[1] or before[0] not in (self.best_name, None):
                self.best_score.assign(score)
                checkpoint.save(self.run.best, self.state, keep=1)

    def _forget_events(self):
        """Lets TensorBoard drop what was written of later steps than this one, which will be written again."""
        if self.chief:
            with record.writing(self.run):
                record.forget_events_after(self.board, self.step)

    def _roll_back(self, problem):
        """Goes back to the last checkpoint with lower learning rates.

        Raises:
            NonFiniteError: there is no checkpoint, or `settings.rollbacks` are used up.
        """
        run, allowed = self.run, self.settings.rollbacks
        saved, used = checkpoint.steps(run.checkpoints), int(self.rollbacks.numpy()) + 1
        if not saved:
            raise NonFiniteError(f"{problem}; there is no checkpoint yet; try a lower learning rate")
        if used > allowed:
            raise NonFiniteError(
                f"{problem}; the checkpoint of step {saved[-1]} is kept; to continue it with lower learning rates, "
                f"pass --gin_param='train.rollbacks = {used}'"
            )
        best = self.best_score.numpy()  # its checkpoint stays
        self.step = checkpoint.restore(run.checkpoints, self.state)
        self.best_score.assign(best)
        factor = self.settings.rollback_factor ** (used - int(self.rollbacks.numpy()))  # since that checkpoint
        self.rollbacks.assign(used)
        if self.chief:
            record.forget_after(run.metrics, self.step)
        self._forget_events()
        for player in self.method.players.values():
            player.optimizer.learning_rate.assign(player.optimizer.learning_rate * factor)
        self.call.restart()
        logging.warning(
            "%s; back to step %d with %g times its learning rates (%d of %d)",
            problem, self.step, factor, used, allowed,
        )  # fmt: skip


def is_done(run, settings):
    """Whether the run has finished `settings.num_steps` and its networks were written."""
    return (run.steps_done() or 0) >= settings.num_steps


def require_no_more(run, settings):
    """Raises ConfigError when a run went beyond the steps that are asked: it no longer has the weights of then."""
    trained = max([run.steps_done() or 0, *checkpoint.steps(run.checkpoints)])
    require(
        trained <= settings.num_steps,
        f"{run.path} was trained for {trained:,} steps, longer than the {settings.num_steps:,} that are asked: ask for "
        "as many (train.num_steps; of a teacher, teacher.gin_params), or choose another folder (--run_dir; "
        "teacher.run_dir)",
    )


def _interrupted(number, step):
    name = signal.Signals(int(number)).name
    return Interrupted(f"stopped by {name} after step {step}, all saved", int(number))


def _non_finite(means, step):
    bad = sorted(name for name, value in means.items() if value - value != 0.0) or ["weights"]
    return f"{', '.join(bad)} became non-finite by step {step}"
