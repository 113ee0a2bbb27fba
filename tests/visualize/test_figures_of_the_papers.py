"""docs/figures.md: its commands name gin files, figures and studies that exist."""

import re

from idgan_tf.visualize import registry
from tests.helpers import PROJECT

TEXT = (PROJECT / "docs" / "figures.md").read_text()


def test_every_gin_file_study_and_run_of_a_study_exists():
    files = {name.replace("*", "dsprites") for name in re.findall(r"gin/[\w*/]+\.gin", TEXT)}
    files |= {f"idgan_tf/studies/tables/{name}.toml" for name in re.findall(r"--study=(\w+)", TEXT)}
    data = {"idgan": ["color_dsprites", "noisy_dsprites", "scream_dsprites"]}
    data["label"] = ["facescrub", "cifar10", "cub", "cifar100"]
    for row in re.findall(r"--run_dir=(?:S|runs)/(\w+)", TEXT):
        values = data["label" if "cvae" in row or "label" in row else "idgan"]
        files |= {f"gin/{row.removesuffix('X')}{value}.gin" for value in (values if row.endswith("_X") else [""])}
    files -= {"gin/ibgan_beta_dsprites.gin"}  # the folder of a sweep
    assert len(files) > 40
    assert [name for name in sorted(files) if not (PROJECT / name).is_file()] == []


def test_every_figure_exists():
    named = {name for names in re.findall(r"--figures=([\w,]+)", TEXT) for name in names.split(",")}
    assert named - registry.known().keys() == set()
