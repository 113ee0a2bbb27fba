"""The last screen of a training: what was made, where it lies, how good it is, and what to try next."""

import contextlib
import shlex

from idgan_tf.commands import cli
from idgan_tf.run_log import read_metrics, score_of

FULL_RUNS = {"quickstart": "gin/idgan_dsprites.gin"}


def show(run, settings, method):
    """Draws the figures of a finished run and prints the last screen.

    Args:
        run: the `run_directory.Run`.
        settings: its `build.Settings`.
        method: the trained method.
    """
    from idgan_tf.visualize import figures

    with settings.configuration.in_force():
        paths = figures.write(run, method, settings.dataset)
    records = read_metrics(run.metrics)
    print(f"\n{type(method).__name__} on {settings.dataset.name}, {settings.num_steps:,} steps: done.\n")
    for name, value, meaning in [*_logged(records, settings.num_steps, method), *_scored(records, settings.num_steps)]:
        print(f"  {name:>14} {value:9.3f}   {meaning}")
    print("\nMade:")
    print(f"  {run.path}/checkpoints, {run.path}/networks")
    for path in paths:
        print(f"  {path}")
    print(f"  {run.samples}/ (pictures over time)")
    print("\nNext:")
    for command in _next(run, method, settings):
        print(f"  {cli.named(command)}")


def _logged(records, step, method):
    """[(name, value, what it is)] of what the training wrote down at a step, as far as the method says what it is."""
    values = {name: value for record in records if record["step"] == step for name, value in record.items()}
    return [(name, values[name], meaning) for name, meaning in method.meanings.items() if name in values]


def _scored(records, step):
    """The same of metrics, with where in the training each was best, if it was measured more than once."""
    from idgan_tf.evaluation.metric import metrics

    found = []
    for metric in metrics().values():
        scores = [(name, record) for record in records for known, name in [score_of(record)] if known == metric.name]
        if not scores or scores[-1][1]["step"] != step:
            continue
        name, last = scores[-1]
        meaning = metric.text
        alike = [record for other, record in scores if other == name]
        if len(alike) > 1:  # the last value is the result
            best = (min if metric.better == "lower" else max)(alike, key=lambda record: record[name])
            meaning += f"; {best[name]:.3f} at its best, step {best['step']:,}"
        found.append((name, last[name], meaning))
    return found


def _next(run, method, settings):
    """Commands to try, each one that this method on these data can answer."""
    from idgan_tf.data.factors import FactorDataset
    from idgan_tf.data.half_circles import HalfCircles
    from idgan_tf.evaluation.metric import Unavailable
    from idgan_tf.evaluation.samples import generation
    from idgan_tf.methods.faces import can, draws_by
    from idgan_tf.visualize.rendering import has_pictures

    path, dataset = shlex.quote(str(run.path)), settings.dataset
    allow = "".join(f" --gin_allow_import={shlex.quote(name)}" for name in settings.configuration.allow_imports)
    commands = [f"tensorboard --logdir={shlex.quote(str(run.tensorboard))}", f"bin/report --run_dir={path}"]
    if has_pictures(method):
        commands.append(f"bin/explore --run_dir={path}{allow}")
    commands.append(f"bin/export --run_dir={path}{allow}")
    with contextlib.suppress(Unavailable):
        if isinstance(dataset, FactorDataset) and can(method, "encode"):
            commands.append(f"bin/evaluate --run_dir={path} --metrics=fvm,mig{allow}")
        elif isinstance(dataset, HalfCircles) and draws_by(method) == "class":
            commands.append(f"bin/evaluate --run_dir={path} --metrics=toy_spread{allow}")
        elif generation.describe(method):
            commands.append(f"bin/evaluate --run_dir={path}{allow}   (all that this run allows)")
    if run.name in FULL_RUNS:
        commands.append(f"bin/train --gin_file={FULL_RUNS[run.name]}   (the paper's own size)")
    return commands
