"""Every shipped experiment: it parses, and so does the earlier stage it names."""

import pytest

from idgan_tf import config
from tests.helpers import GIN_FILES


@pytest.mark.parametrize("gin_file", GIN_FILES)
def test_it_parses_and_its_teacher_exists(gin_file):
    config.load([gin_file])
    bindings = config.bindings_of("train")
    assert {"method", "dataset", "num_steps", "batch_size"} <= bindings.keys()
    stage = config.bindings_of("teacher")
    if stage:
        config.load([stage["gin_file"]], stage.get("gin_params", ()))
