"""How speed and memory grow on this machine's processors: docs/growth.csv, and from it tables of docs/time.md.

    python docs/growth.py              # measures what growth.csv lacks; killed, it goes on
    python docs/growth.py --again      # measures everything anew: a quarter of an hour of an idle machine

What `bin/benchmark` says, of each point in a process of its own; two trainings show what grows with their length.
"""

import argparse
import functools
import os
import pathlib
import sys
import tempfile

import points

os.environ["CUDA_VISIBLE_DEVICES"] = ""

TABLE, PAGE = points.DOCS / "growth.csv", points.DOCS / "time.md"
BETAVAE, IDGAN, RESIDUAL = "beta-VAE", "ID-GAN", "ID-GAN, residual networks"
DSPRITES = {BETAVAE: ["gin/betavae_dsprites.gin"], IDGAN: ["gin/idgan_dsprites.gin"]}
SHARED = {IDGAN: DSPRITES[IDGAN], RESIDUAL: ["gin/idgan_celeba64.gin", "docs/random_images.gin"]}
BATCHES = [4**power for power in range(6)]
SIDES = [64, 128, 256, 512, 1024]
COUNTS = [2_000, 20_000, 200_000]  # the last is about CelebA's
PLACES = {"resident": "train.resident_bytes = 8589934592", "streamed": "train.resident_bytes = 0"}
STEPS = [100, 1_000, 10_000, 30_000]
LEFT = ("checkpoints", "metrics.jsonl", "tensorboard", "samples", "networks")  # by a training
STARTS = ("imports_s", "data_s", "networks_s", "first_step_s")
# Runs a command and prints the most memory that it had, in kilobytes.
PEAK = "import resource as r, subprocess as s, sys; s.run(sys.argv[1:], check=True); "
PEAK += "print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss)"


def every_point(seconds):
    """{(table, series, at): function that measures {name: value}}."""

    def timed(files, *bindings, **settings):
        return functools.partial(points.benchmark, files, *bindings, seconds=seconds, **settings)

    found = {}
    for series, files in DSPRITES.items():
        for size in BATCHES:
            found["batch", series, str(size)] = timed(files, f"train.batch_size = {size}")
    for side in SIDES:
        found["side", RESIDUAL, str(side)] = timed(["gin/idgan_sprites1024.gin", f"gin/data/sprites{side}.gin"])
    for series, binding in PLACES.items():
        for count in COUNTS:
            files = ["gin/betavae_celeba64.gin", "docs/random_images.gin"]
            found["size", series, str(count)] = timed(files, f"RandomImages.count = {count}", binding)
    for series, files in SHARED.items():
        found["workers", series, "one"] = timed(files, cores=[0])
        found["workers", series, "two"] = timed(files, cores=[0, 1], cluster=True)
        found["workers", series, "apart"] = timed(files, cores=[0, 1])
    for steps in STEPS:
        found["length", BETAVAE, str(steps)] = functools.partial(train, steps)
    return found


def train(steps):
    """The most memory that a training with a batch of 1 has, and how large what it leaves is."""
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        command = ["bin/train", *(f"--gin_file={name}" for name in DSPRITES[BETAVAE]), f"--run_dir={run}"]
        command += ["--gin_param=train.batch_size = 1", f"--gin_param=train.num_steps = {steps}"]
        printed = points.output(points.start([sys.executable, "-c", PEAK, sys.executable, *command]))
        sizes = {f"{name}_kb": kilobytes(run / name) for name in LEFT}
        return {"peak_rss_mb": round(int(printed.split()[-1]) / 2**10), **sizes}


def kilobytes(path):
    """Of a file, or of all in a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(file.stat().st_size for file in files) / 1e3


def show(rows):
    """Writes the tables of time.md."""

    def value(column, *key):
        measured = rows.get(tuple(map(str, key)), {}).get(column, "")
        return float("nan" if measured == "" else measured)

    def speed(*key):
        return [points.digits(value("images_per_s", *key)), f"{value('peak_rss_mb', *key) / 1e3:.2f} GB"]

    put = functools.partial(points.put, PAGE)
    both = ("images/s", "memory")
    lines = [[f"{n:,}", *speed("batch", BETAVAE, n), *speed("batch", IDGAN, n)] for n in BATCHES]
    put("batch", ["batch", *(f"{name}: {what}" for name in DSPRITES for what in both)], lines)
    put("side", ["pixels a side", *both], [[f"{n:,}", *speed("side", RESIDUAL, n)] for n in SIDES])
    lines = [[f"{n:,}", *speed("size", "resident", n), *speed("size", "streamed", n)] for n in COUNTS]
    put("size", ["images", *(f"{place}: {what}" for place in PLACES for what in both)], lines)
    lines = []
    for name in SHARED:
        one, two, apart = (value("images_per_s", "workers", name, at) for at in ("one", "two", "apart"))
        several = [f"{points.digits(speed)} ({speed / one:.2f} times)" for speed in (two, apart)]
        lines.append([name, points.digits(one), *several])
    put("workers", ["images/s", "one worker", "two workers", "two that share nothing"], lines)
    begun = {BETAVAE: ("batch", BETAVAE, 64), IDGAN: ("batch", IDGAN, 64), "ID-GAN, 1,024 px": ("side", RESIDUAL, 1024)}
    lines = [[name, *(f"{value(column, *key):.1f}" for column in STARTS)] for name, key in begun.items()]
    put("start", ["seconds", "imports", "data", "networks", "tracing and the first step"], lines)
    lines = []
    for n in STEPS:
        key = ("length", BETAVAE, n)
        left = [f"{value(name + '_kb', *key):,.1f}" for name in LEFT]
        lines.append([f"{n:,}", f"{value('peak_rss_mb', *key):,.0f} MB", *left])
    put("length", ["steps", "memory", *(f"`{name}`, kB" for name in LEFT)], lines)


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--again", action="store_true", help="measure what growth.csv has, too")
    flags.add_argument("--seconds", type=float, default=2.0, help="how long each step is timed once its graph is warm")
    flags = flags.parse_args()
    if flags.again:
        TABLE.unlink(missing_ok=True)
    points.finish(TABLE, every_point(flags.seconds), show)


if __name__ == "__main__":
    main()
