"""Every shipped experiment: it parses, names existing earlier stages, and gives its numbers a source."""

import re

import pytest

from idgan_tf import config
from tests.helpers import GIN_FILES, PROJECT


@pytest.mark.parametrize("gin_file", GIN_FILES)
def test_it_parses_and_its_teacher_exists(gin_file):
    config.load([gin_file])
    bindings = config.bindings_of("train")
    assert {"method", "dataset", "num_steps", "batch_size"} <= bindings.keys()
    stage = config.bindings_of("teacher")
    if stage:
        config.load([stage["gin_file"]], stage.get("gin_params", ()))


def test_every_number_has_a_source_in_a_comment():
    bare = []
    for path in sorted((PROJECT / "gin").rglob("*.gin")):
        for line in path.read_text().splitlines():
            if re.search(r"=\s*-?\d[\d.e+-]*\s*$", line):
                bare.append(f"{path.name}: {line}")
    assert not bare, "\n".join(bare)
