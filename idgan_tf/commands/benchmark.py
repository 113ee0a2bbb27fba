"""bin/benchmark: the speed and memory of exactly the training step that bin/train runs, data included.

    bin/benchmark --gin_file=gin/betavae_dsprites.gin --seconds=20

A two-stage method is timed with an untrained teacher: the arithmetic is the same. `data_images_per_s` is how many
images the data alone give when nothing learns from them, `input_wait_percent` the part of a step that they take at
most: rows that lie on the device are decoded within the step, streamed ones are gathered while others compute.
`peak_rss_mb` is memory of the machine; what lies on a GPU is counted in `peak_gpu_mb`.
"""

import json
import sys
import time

from absl import flags

from idgan_tf.commands import cli, early
from idgan_tf.errors import ConfigError

LOADED = time.perf_counter()  # before TensorFlow

STARTS = ("imports_s", "data_s", "networks_s", "first_step_s")  # of the start; the first step is traced, too

FLAGS = cli.flags_of("gin_file", gin_param="A binding such as 'train.batch_size = 8'; overrides the files.")
flags.DEFINE_float(
    "seconds", 20.0, "How long to measure, after the graph is traced and warm.", flag_values=FLAGS, lower_bound=0.1
)
flags.DEFINE_bool("json", False, "Print one JSON line instead of a table.", flag_values=FLAGS)


def check():
    """Finds what is wrong at once."""
    if not FLAGS.gin_file:
        raise ConfigError("which experiment? pass --gin_file, for example --gin_file=gin/betavae_dsprites.gin")
    early.configuration(FLAGS)


def main():
    """Runs the command."""
    import idgan_tf.training.build  # noqa: F401 - gin must know `train`
    from idgan_tf.config import Configuration

    result = benchmark(Configuration(FLAGS.gin_file, FLAGS.gin_param, FLAGS.gin_allow_import), FLAGS.seconds)
    if FLAGS.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{name:>16}  {value}" for name, value in result.items()))


def benchmark(configuration, seconds):
    """{name: value}: steps and images a second, with and without learning, memory, and what was measured."""
    from idgan_tf.experiments import stages
    from idgan_tf.training import build, workers
    from idgan_tf.training.call import TrainingCall

    times = [LOADED, time.perf_counter()]
    workers.strategy()  # before anything else computes, as collectives need
    settings = build.settings(configuration)
    settings.dataset.arrays  # noqa: B018 - read, or drawn the first time
    times.append(time.perf_counter())
    method = stages.rehearse(settings)
    build.warn_of_slowness(settings)
    strategy = build.strategy(settings.jit_compile)
    times.append(time.perf_counter())
    call = TrainingCall(method, settings, strategy)
    with configuration.in_force():
        call(1)
    times.append(time.perf_counter())
    speed = rate(call, seconds)
    data_speed = rate(call.data_alone, seconds / 4)
    return {
        "steps_per_s": _digits(speed),
        "images_per_s": _digits(speed * settings.batch_size),
        "data_images_per_s": _digits(data_speed * settings.batch_size),
        "input_wait_percent": round(100 * min(1.0, speed / data_speed), 2),  # what tiny steps take is within the noise
        "peak_rss_mb": _peak_megabytes(),
        **_gpu(),
        "precision": settings.precision,
        "devices": strategy.num_replicas_in_sync,
        "batch_size": settings.batch_size,
        **{name: round(after - before, 1) for name, before, after in zip(STARTS, times[:-1], times[1:], strict=True)},
        "traces": call.traces,
        "method": type(method).__name__,
        "data": settings.dataset.describe(),
    }


def _digits(value):
    """Four of them: a step at 1024 pixels takes many seconds, a beta-VAE does hundreds of images in one."""
    return float(f"{value:.4g}")


def _peak_megabytes():
    """The most memory that this process had; None where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def _gpu():
    """Which GPU there is, and the most memory that tensors had on one; nothing where there is none."""
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    if not gpus:
        return {}
    peak = max(tf.config.experimental.get_memory_info(gpu.name)["peak"] for gpu in gpus)
    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    return {"peak_gpu_mb": round(peak / 2**20), "gpu": details.get("device_name")}


def rate(run, seconds, clock=time.perf_counter):
    """How many steps a second, by a clock in seconds, `run(k)` does; several workers do the same ones."""
    from idgan_tf.training import workers

    def time_of(k):
        start = clock()
        run(k)
        return workers.agree(clock() - start)[0]

    k = 1
    while time_of(k) < 0.5:  # a warm-up that also finds how many steps half a second takes
        k *= 2
    steps, spent = 0, 0.0
    while spent < seconds:
        spent += time_of(k)
        steps += k
    return steps / spent


def start():
    cli.run(main, __doc__, FLAGS, check)
