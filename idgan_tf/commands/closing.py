"""The last screen of a training: what was made, where it lies, how good it is, and what to try next."""

from idgan_tf import runs

EXPLAINED = {
    "nll": "nats it costs to draw an image from its code",
    "kl": "nats of information in the code",
    "distillation": "nats to read the code back from a generated image",
    "adversarial": "loss of the discriminator; 1.386 means that it cannot tell fakes",
    "mi_upper": "nats that the code of IB-GAN may carry, the upper bound",
    "mi_lower": "nats of it that can be read from an image, the lower bound",
    "fvm": "FactorVAE metric of the code, 1 at best",
    "mig": "mutual information gap of the code, 1 at best",
}
FULL_RUNS = {"quickstart": "gin/idgan_dsprites.gin"}


def show(run, settings, method):
    """Draws the figures of a finished run and prints the last screen.

    Args:
        run: the `runs.Run`.
        settings: its `build.Settings`.
        method: the trained method.
    """
    from idgan_tf.visualize import figures

    paths = figures.write(run, method, settings.dataset)
    records = runs.read_metrics(run.metrics)
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
    print(f"  tensorboard --logdir={run.tensorboard}")
    print(f"  bin/explore --run_dir={run.path}")
    print(f"  bin/export --run_dir={run.path}")
    print(f"  bin/evaluate --run_dir={run.path} --metrics=fvm,mig")
    if run.name in FULL_RUNS:
        print(f"  bin/train --gin_file={FULL_RUNS[run.name]}   (the paper's own size)")


def _best(name, scored):
    """Where in the training a metric was best, if it was measured more than once: the last value is the result."""
    scores = [(record[name], record["step"]) for record in scored if name in record]
    if len(scores) < 2:
        return ""
    score, step = max(scores)
    return f"; {score:.3f} at its best, step {step:,}"
