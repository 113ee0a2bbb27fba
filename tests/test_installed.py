"""The package without a checkout: a wheel in an environment of its own; and a checkout used from elsewhere."""

import configparser
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv

import pytest
from setuptools import find_packages

import idgan_tf
from idgan_tf import __main__ as entry
from idgan_tf.studies import study
from tests.helpers import PROJECT, metrics

TEN_STEPS = [
    "--gin_file=gin/quickstart.gin",
    "--gin_param=train.num_steps = 10",
    "--gin_param=train.evaluate_every = 0",
    "--gin_param=teacher.gin_params = ('train.num_steps = 10', 'train.evaluate_every = 0')",
]


def options():
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    return setup


def test_every_folder_of_the_package_is_installed():
    assert options()["options"]["packages"].split() == sorted(
        [*find_packages(PROJECT, include=["idgan_tf*"]), "idgan_tf.gin"]
    )


def test_the_folder_gin_does_not_hide_the_library_gin():
    assert list((PROJECT / "gin").rglob("*.py")) == []


def test_idgan_tf_has_the_commands_of_bin():
    assert set(entry.COMMANDS) == {path.name for path in (PROJECT / "bin").iterdir()}


def test_the_version_has_one_source():
    version = options()["metadata"]["version"]
    assert idgan_tf.__version__ == version
    assert f"\nversion: {version}\n" in (PROJECT / "CITATION.cff").read_text()


def gin_files(folder):
    return sorted(str(path.relative_to(folder)) for path in (folder / "gin").rglob("*.gin"))


def started(*command, folder, expected=0, **environment):
    """The text that a command printed on both channels, run in a folder."""
    finished = subprocess.run(
        [str(part) for part in command], cwd=folder, text=True, capture_output=True, timeout=3000,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **environment},
    )  # fmt: skip
    assert finished.returncode == expected, finished.stderr[-3000:]
    return finished.stdout + finished.stderr


def test_idgan_tf_says_what_a_report_needs_and_a_wrong_command_gets_a_line(tmp_path):
    def here(*arguments, expected=0):
        return started(
            sys.executable, "-X", "importtime", "-m", "idgan_tf", *arguments,
            folder=tmp_path, expected=expected, PYTHONPATH=PROJECT,
        )  # fmt: skip

    told = here("--version")
    for name in ("idgan_tf", "tensorflow", "keras", "numpy", "gin-config", "Python"):
        assert f"\n{name} " in f"\n{told}", told
    assert "| tensorflow" not in told, "it is to be fast"
    assert "no command 'trian'; did you mean train?" in here("trian", expected=2)
    assert "no gin file 'gin/quikstart.gin'" in here("train", "--gin_file=gin/quikstart.gin", expected=2)
    assert "idgan_tf train --gin_file=gin/quickstart.gin" in here("train", "--help")


def test_a_command_finds_the_gin_files_and_includes_of_the_checkout_from_any_folder(tmp_path):
    told = started(
        PROJECT / "bin" / "train", *TEN_STEPS, "--gin_param=train.seed = -1", folder=tmp_path, expected=2,
        PYTHONPATH=PROJECT,
    )  # fmt: skip
    assert told.splitlines()[-1] == "train: train.seed must be >= 0, got -1"  # it has read them all
    assert ".gin" not in told, "gin tells where it has looked in vain"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The environment with the wheel, built from the source distribution of the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    checkout = folder / "checkout"
    ignored = shutil.ignore_patterns(".*", "runs", "build", "*.egg-info", "__pycache__")
    shutil.copytree(PROJECT, checkout, ignore=ignored)  # building writes beside the sources
    build = "import sys, setuptools.build_meta as backend; backend.build_{}(sys.argv[1])"
    started(sys.executable, "-c", build.format("sdist"), folder, folder=checkout)
    shutil.unpack_archive(next(folder.glob("idgan_tf-*.tar.gz")), folder / "source", filter="data")
    shutil.rmtree(checkout)
    source = next((folder / "source").iterdir())
    started(sys.executable, "-c", build.format("wheel"), folder, folder=source)
    for name in ("bin/train", "gin/README.md", "tests/helpers.py", "docs/data.md", "README.md", "LICENSE"):
        assert (source / name).is_file(), name
    shutil.rmtree(folder / "source")

    venv.create(folder / "env")
    python = folder / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps"]
    started(*pip, next(folder.glob("*.whl")), folder=folder, PYTHONPATH="")  # or pip would see the checkout there
    (packages,) = (folder / "env").glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))  # TensorFlow and the rest, as they are here
    return folder / "env" / "bin"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_what_is_installed_is_whole(installed, tmp_path):
    """Every gin file and study of the checkout is found from a folder that has none, at the place of the package."""
    look = """
import pathlib, idgan_tf
from idgan_tf import pretrained
from idgan_tf.config.gin_files import PROJECT
from idgan_tf.studies import study
print(idgan_tf.__file__, *sorted(str(p.relative_to(PROJECT)) for p in (PROJECT / "gin").rglob("*.gin")))
print(*study.names())
print(*pretrained.names())
"""
    told = started(installed / "python", "-c", look, folder=tmp_path, PYTHONPATH="")
    files, studies, models, *_ = told.splitlines()
    place, *files = files.split()
    assert pathlib.Path(place).is_relative_to(installed.parent)
    assert pathlib.Path(place).with_name("py.typed").is_file(), "type checkers may read the sources"
    assert files == gin_files(PROJECT)
    assert studies.split() == list(study.names()) and "idgan_dsprites" in models.split()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_installed_package_trains_measures_exports_and_explores(installed, tmp_path):
    def command(*arguments):
        return started(installed / "idgan_tf", *arguments, folder=tmp_path, PYTHONPATH="")

    told = command("train", *TEN_STEPS)
    assert "idgan_tf export --run_dir=runs/quickstart" in told and "bin/" not in told
    command("evaluate", "--run_dir=runs/quickstart", "--metrics=mig")
    assert any("mig" in line for line in metrics(tmp_path / "runs" / "quickstart"))
    command("export", "--run_dir=runs/quickstart")
    assert (tmp_path / "runs/quickstart/export/1/saved_model.pb").is_file()
    assert "gin/betavae_dsprites.gin" in command("reproduce", "--study=idgan_table2", "--commands")
    assert "title" in first_page(installed, tmp_path)


def first_page(installed, folder):
    """The first page of the explorer of a shipped model."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if "PYTEST" not in name}  # NiceGUI would want its fixture
    with subprocess.Popen(
        [installed / "idgan_tf", "explore", f"--port={port}"], cwd=folder, stdout=subprocess.DEVNULL,
        env={**env, "PYTHONPATH": "", "CUDA_VISIBLE_DEVICES": ""},
    ) as process:  # fmt: skip
        try:
            for _ in range(120):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
                        return answer.read().decode()
                except OSError:
                    assert process.poll() is None, "the command has ended"
                    time.sleep(1.0)
            raise TimeoutError("no page in two minutes")
        finally:
            process.terminate()
