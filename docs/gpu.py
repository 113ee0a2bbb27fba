"""How fast a GPU is: docs/gpu.csv, and from it the table of docs/gpu.md.

    python docs/gpu.py                 # measures what gpu.csv lacks; killed, it goes on
    python docs/gpu.py --again         # measures everything anew
    python docs/gpu.py --rehearse      # without a GPU: a step or two of each with few images, and nothing is written

What `bin/benchmark` says on one GPU, of each point in a process of its own. Photographs are random images.
"""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile

import points

TABLE, PAGE = points.DOCS / "gpu.csv", points.DOCS / "gpu.md"
RANDOM = "docs/random_images.gin"
STEPS = {
    "beta-VAE, dSprites, batch 64": ["gin/betavae_dsprites.gin"],
    "ID-GAN, dSprites, batch 64": ["gin/idgan_dsprites.gin"],
    "IB-GAN, dSprites, batch 64": ["gin/ibgan_dsprites.gin"],
    "ID-GAN, 64 px, colour, batch 64": ["gin/idgan_celeba64.gin", RANDOM],
    "ID-GAN, 256 px, colour, batch 24": ["gin/idgan_celeba256.gin", RANDOM],
    "ID-GAN, 1,024 px, colour, batch 1": ["gin/idgan_celebahq.gin", RANDOM],
}
XLA, BFLOAT16 = "train.jit_compile = True", 'train.precision = "mixed_bfloat16"'
SETTINGS = {"float32": [], "float32, XLA": [XLA], "bfloat16": [BFLOAT16], "bfloat16, XLA": [BFLOAT16, XLA]}
FEW = ["train.batch_size = 2", "RandomImages.count = 8"]  # the second binds nothing without random images


def every_point(seconds, rehearse):
    """{(table, series, at): function that measures {name: value}}."""

    def timed(files, bindings):
        def work():
            few = FEW[: len(files)] if rehearse else []
            found = points.benchmark(files, *bindings, *few, seconds=seconds)
            if "gpu" not in found and not rehearse:
                sys.exit("TensorFlow sees no GPU; pip install -e '.[gpu]' brings NVIDIA's libraries")
            return found

        return work

    return {
        ("gpu", step, setting): timed(files, bindings)
        for step, files in STEPS.items()
        for setting, bindings in SETTINGS.items()
    }


def show(rows, page):
    """Writes the table of a page."""

    def cell(step, setting):
        row = rows.get(("gpu", step, setting), {})
        speed, peak = (float(row.get(column) or "nan") for column in ("images_per_s", "peak_gpu_mb"))
        return f"{points.digits(speed)} ({peak / 1e3:.2f} GB)"

    names = {row["gpu"] for row in rows.values() if row.get("gpu")}
    head = [f"images/s (memory of {', '.join(sorted(names)) or 'the GPU'})", *SETTINGS]
    points.put(page, "gpu", head, [[step, *(cell(step, setting) for setting in SETTINGS)] for step in STEPS])


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--again", action="store_true", help="measure what gpu.csv has, too")
    flags.add_argument("--rehearse", action="store_true", help="try it all without a GPU, and write nothing")
    flags.add_argument("--seconds", type=float, default=5.0, help="how long each step is timed once its graph is warm")
    flags = flags.parse_args()

    if flags.rehearse:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(shutil.copy(PAGE, folder))
            points.finish(page.with_suffix(".csv"), every_point(0.1, True), lambda rows: show(rows, page))
        return
    os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]  # one
    if flags.again:
        TABLE.unlink(missing_ok=True)
    points.finish(TABLE, every_point(flags.seconds, False), lambda rows: show(rows, PAGE))


if __name__ == "__main__":
    main()
