"""On what and with what a run is trained: its data, the packages, the machine."""

import importlib.metadata
import os
import platform

PACKAGES = ("idgan_tf", "tensorflow", "keras", "numpy", "gin-config")


def packages():
    """The versions of Python and of the packages that matter, as text."""
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join([*versions, f"Python {platform.python_version()}"])


def of_training(dataset, configuration):
    """{name: text} of a training that begins, for `environment.json` of its run directory.

    Args:
        dataset: what it reads.
        configuration: its `Configuration`, whose gin files and bindings stand as "experiment".
    """
    return {
        "experiment": {"gin_files": configuration.gin_files, "bindings": configuration.bindings},
        "data": dataset.describe(),
        "home": dataset.home,
        "licence": dataset.licence,
        "packages": packages(),
        "machine": f"{platform.system()} {platform.machine()}, {_devices()}",
    }


def _devices():
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus]
    return ", ".join(names) or f"{len(os.sched_getaffinity(0))} CPU cores"
