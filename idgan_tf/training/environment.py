"""On what and with what a run is trained: its data, the packages, the machine."""

import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess

from idgan_tf.files import write_text
from idgan_tf.run_directory import read_environment

PIECE = ("packages", "commit", "machine")  # of a training that was interrupted each may have its own
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


def commit():
    """The commit of the checkout that this code is from, with "-dirty" where files differ from it; "" outside one."""
    here = pathlib.Path(__file__).parent
    asked = ["git", "-C", str(here)]
    try:
        subprocess.run([*asked, "ls-files", "--error-unmatch", __file__], check=True, capture_output=True)
        described = [*asked, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        return subprocess.run(described, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def remember(run, settings, goes_on, begun=None):
    """Writes `environment.json` of a run whose training begins, or goes on: with what was trained before is "earlier".

    Args:
        run: the `run_directory.Run`.
        settings: a `build.Settings`; the gin files and bindings of its `Configuration` stand as "experiment".
        goes_on: whether there are steps before.
        begun: {"from_run": ...} of a run that begins with the weights of another; by default as it was.
    """
    before, now = read_environment(run.environment), of_training(settings)
    known = {name: value for name, value in before.items() if name == "from_run"}
    piece, earlier = {name: before[name] for name in PIECE if name in before}, before.get("earlier", [])
    if any(now[name] != value for name, value in piece.items()):
        earlier = [*earlier, piece]
    if goes_on and earlier:
        known["earlier"] = earlier
    write_text(run.environment, json.dumps(now | known | (begun or {}), indent=1) + "\n")


def of_training(settings):
    """{name: text} of a training."""
    dataset, configuration = settings.dataset, settings.configuration
    return {
        "experiment": {"gin_files": configuration.gin_files, "bindings": configuration.bindings},
        "data": dataset.describe(),
        "home": dataset.home,
        "licence": dataset.licence,
        "packages": packages(),
        "commit": commit(),
        "machine": f"{platform.system()} {platform.machine()}, {_devices()}",
    }


def _devices():
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus]
    ours = getattr(os, "sched_getaffinity", None)  # Linux alone knows which cores a process may use
    return ", ".join(names) or f"{len(ours(0)) if ours else os.cpu_count()} CPU cores"
