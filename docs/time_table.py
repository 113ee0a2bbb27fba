"""How long every experiment takes on this machine: docs/time.csv, and from it the tables of docs/time.md.

    python docs/time_table.py                    # measures what time.csv lacks; killed, it goes on
    python docs/time_table.py --again            # measures everything anew
    python docs/time_table.py --busy             # on a machine that does other things: processor time, of one core

The training step is that of `bin/benchmark`. Files with the same networks, batches and image sizes are measured once,
whatever their data, rates, weights and numbers of classes. Images are random where the data are not on this machine.
Slow networks of photographs are timed with a few images (`few`), and their steps taken to last in proportion.
"""

import argparse
import dataclasses
import datetime
import os
import pathlib
import re
import sys
import time

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import gin
import points

from idgan_tf.commands.benchmark import rate
from idgan_tf.config import Configuration
from idgan_tf.data.base import Dataset
from idgan_tf.data.prepared import PreparedDataset
from idgan_tf.errors import DataError
from idgan_tf.experiments import stages
from idgan_tf.training import build
from idgan_tf.training.call import TrainingCall

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))  # random_images.gin imports docs
TABLE, PAGE = HERE / "time.csv", HERE / "time.md"
COLUMNS = ["gin_file", "method", "image", "batch_size", "num_steps", "images_per_s", "steps_per_s", "hours"]
COLUMNS += ["first_stage", "measured_as", "measured_batch", "mark", "cores", "processor", "date"]
GIVEN = {"gin/label_relevant_vae_images.gin": ["NUM_CLASSES = 5"]}  # what a file asks of whoever trains it
FEW = {64: 8, 128: 4, 256: 2, 1024: 1}  # images of a measured step of residual networks, by their size
AT_ONCE = 8  # measurements in one process: TensorFlow keeps the memory of graphs that are gone
NUMBER = re.compile(r"-?\d+(\.\d*)?(e-?\d+)?")
SETTINGS = ("init", "sizes", "startup")  # which cost nothing, or next to nothing


def costs(configuration):
    """The bindings that decide how long a step takes, as one text: two files with the same are measured once."""
    kept = []
    for name, value in re.findall(r"^([\w./]+) = (.+)$", configuration.text.replace("\\\n", ""), flags=re.MULTILINE):
        owner, _, argument = name.rpartition(".")
        if owner in ("train", "teacher"):
            matters = argument in ("batch_size", "method", "precision", "roles")
        elif not owner:
            matters = argument in ("IMAGE_SHAPE", "LATENT_DIM")
        else:
            of_data = issubclass_of(owner, Dataset)
            matters = "/" not in owner and not of_data and owner not in ("RMSprop", "Adam") and argument not in SETTINGS
        if matters:
            scalar = NUMBER.fullmatch(value) and not value.isdigit()
            kept.append(f"{name} = {float(value) != 0}" if scalar else f"{name} = {value}")
    if configuration.bindings_of("teacher"):
        kept += [line for line in costs(stages.first_stage(configuration)) if re.search("ncoder|IMAGE_SHAPE", line)]
    return sorted(kept)


def issubclass_of(name, kind):
    """Whether what gin calls `name` is a subclass of `kind`."""
    bound = gin.get_configurable(name)
    return isinstance(bound, type) and issubclass(bound, kind)


def measure(configuration, seconds, clock):
    """(images a second, images of a step) of a training step, on random images where its data are not here."""
    settings = build.settings(configuration)
    most = few(configuration.text, settings.dataset)
    try:
        len(settings.dataset), settings.dataset.arrays  # noqa: B018
    except DataError:
        gin_files = (*configuration.gin_files, HERE / "random_images.gin")
        bindings = (*configuration.bindings, f"RandomImages.count = {max(64, settings.batch_size)}")
        configuration = dataclasses.replace(
            configuration, gin_files=gin_files, bindings=bindings, allow_imports=("docs",)
        )
        settings = build.settings(configuration)
    settings.batch_size = min(settings.batch_size, most)
    method = stages.rehearse(settings)
    call = TrainingCall(method, settings, build.strategy(settings.jit_compile))
    with configuration.in_force():
        call(1)
    return settings.batch_size * rate(call, seconds, clock), settings.batch_size


def few(text, dataset):
    """How many images, at most, a measured step has: less where each of them takes tens of milliseconds."""
    height = dataset.image_shape[0]
    if "ResNetGenerator" in text:
        return FEW[height]
    slow = "networks.ibgan" in text or "networks.labelvae" in text
    return 16 if slow and height >= 64 and isinstance(dataset, PreparedDataset) else 1 << 30


def row(gin_file, configuration):
    """What stands in a row before anything is measured."""
    bindings = configuration.bindings_of("train")
    settings = build.settings(configuration)
    stage = configuration.bindings_of("teacher")
    return {
        "gin_file": gin_file,
        "method": getattr(settings.method, "__name__", str(settings.method)),
        "image": "x".join(map(str, settings.dataset.image_shape)),
        "batch_size": bindings["batch_size"],
        "num_steps": bindings["num_steps"],
        "first_stage": stage.get("gin_file", "") if stage else "",
    }


def known():
    """{gin file: row} of time.csv."""
    return {line["gin_file"]: line for line in points.read(TABLE)}


def write(rows):
    points.write(TABLE, [{column: rows[name][column] for column in COLUMNS} for name in sorted(rows)])


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--again", action="store_true", help="measure what time.csv has, too")
    flags.add_argument("--seconds", type=float, default=2.0, help="how long each step is timed once its graph is warm")
    flags.add_argument("--busy", action="store_true", help="count processor time, of one core")
    flags = flags.parse_args()

    if flags.again:
        TABLE.unlink(missing_ok=True)
    rows = known()
    groups = {}
    files = [f"gin/{path.name}" for path in sorted((HERE.parent / "gin").glob("*.gin"))]
    rows = {name: line for name, line in rows.items() if name in files}
    for gin_file in files:
        configuration = Configuration([gin_file], GIVEN.get(gin_file, ()))
        groups.setdefault("\n".join(costs(configuration)), []).append((gin_file, configuration))
    print(f"{len(files)} gin files, {len(groups)} to measure, {len(files) - len(rows)} without a number", flush=True)
    if flags.busy:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    clock = time.process_time if flags.busy else time.perf_counter
    machine = {"cores": len(os.sched_getaffinity(0)), "processor": points.processor()}
    lacking = [members for members in groups.values() if any(name not in rows for name, _ in members)]
    for members in lacking[:AT_ONCE]:
        first, configuration = members[0]
        speed, count = measure(configuration, flags.seconds, clock)
        for name, own in members:
            line = row(name, own)
            steps = speed / line["batch_size"]
            rows[name] = {
                **line,
                **machine,
                "images_per_s": digits(speed),
                "steps_per_s": digits(steps),
                "hours": digits(line["num_steps"] / steps / 3600),
                "measured_as": first,
                "measured_batch": count,
                "mark": "coarse" if flags.busy else "",
                "date": datetime.date.today().isoformat(),
            }
        write(rows)
        print(f"{first}: {digits(speed)} images/s", flush=True)
    show(known())
    if lacking[AT_ONCE:]:
        os.execv(sys.executable, [sys.executable, *(word for word in sys.argv if word != "--again")])


def show(rows):
    """Writes the table of time.md."""
    cells = []
    for line in rows.values():
        first = rows.get(line["first_stage"])
        both = f"{days(float(line['hours']) + float(first['hours']))}" if first else ""
        mark = f" ({line['mark']})" if line["mark"] else ""
        cells.append(
            [
                f"`{line['gin_file']}`",
                line["image"],
                f"{int(line['num_steps']):,} x {line['batch_size']}",
                f"{float(line['steps_per_s']):.3g}{mark}",
                days(float(line["hours"])),
                both,
            ]
        )
    head = ["gin file", "image", "steps x batch", "steps/s", "hours", "with its first stage"]
    points.put(PAGE, "table", head, cells)


def digits(value):
    """Four of them."""
    return float(f"{value:.4g}")


def days(hours):
    """Hours for people."""
    return f"{hours:.1f}" if hours < 48 else f"{hours:,.0f} ({hours / 24:,.0f} days)"


if __name__ == "__main__":
    main()
