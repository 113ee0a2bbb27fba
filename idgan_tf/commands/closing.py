"""The last screen of a training: what was made, where it lies, how good it is, and what to try next."""

import contextlib
import shlex

from idgan_tf.run_log import read_metrics

EXPLAINED = {
    "nll": "nats it costs to draw an image from its code",
    "kl": "nats of information in the code",
    "distillation": "nats to read the code back from a generated image",
    "adversarial": "loss of the discriminator; 1.386 means that it cannot tell fakes",
    "mi_upper": "nats that the code of IB-GAN may carry, the upper bound",
    "mi_lower": "nats of it that can be read from an image, the lower bound",
    "fvm": "FactorVAE metric of the code, 1 at best",
    "mig": "mutual information gap of the code, 1 at best",
    "factor_fidelity": "share of the factors of an image that a drawing of its code shows, 1 at best",
}
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
    last = {name: value for record in records if record["step"] == settings.num_steps for name, value in record.items()}
    print(f"\n{type(method).__name__} on {settings.dataset.name}, {settings.num_steps:,} steps: done.\n")
    scored = [record for record in records if "protocol" in record]
    for name, meaning in EXPLAINED.items():
        if name in last:
            print(f"  {name:>14} {last[name]:9.3f}   {meaning}{_best(name, scored)}")
    print("\nMade:")
    print(f"  {run.path}/checkpoints, {run.path}/networks")
    for path in paths:
        print(f"  {path}")
    print(f"  {run.samples}/ (pictures over time)")
    print("\nNext:")
    for command in _next(run, method, settings.dataset):
        print(f"  {command}")


def _next(run, method, dataset):
    """Commands to try, each one that this method on these data can answer."""
    from idgan_tf.data.factors import FactorDataset
    from idgan_tf.data.half_circles import HalfCircles
    from idgan_tf.evaluation.metric import Unavailable
    from idgan_tf.evaluation.samples import generation
    from idgan_tf.visualize.rendering import has_pictures

    path = shlex.quote(str(run.path))
    commands = [f"tensorboard --logdir={shlex.quote(str(run.tensorboard))}", f"bin/report --run_dir={path}"]
    if has_pictures(method):
        commands.append(f"bin/explore --run_dir={path}")
    commands.append(f"bin/export --run_dir={path}")
    with contextlib.suppress(Unavailable):
        if isinstance(dataset, FactorDataset) and hasattr(method, "encode"):
            commands.append(f"bin/evaluate --run_dir={path} --metrics=fvm,mig")
        elif isinstance(dataset, HalfCircles) and hasattr(method, "sample"):
            commands.append(f"bin/evaluate --run_dir={path} --metrics=toy_spread")
        elif generation.describe(method):
            commands.append(f"bin/evaluate --run_dir={path}   (all that this run allows)")
    if run.name in FULL_RUNS:
        commands.append(f"bin/train --gin_file={FULL_RUNS[run.name]}   (the paper's own size)")
    return commands


def _best(name, scored):
    """Where in the training a metric was best, if it was measured more than once: the last value is the result."""
    scores = [(record[name], record["step"]) for record in scored if name in record]
    if len(scores) < 2:
        return ""
    score, step = max(scores)
    return f"; {score:.3f} at its best, step {step:,}"
