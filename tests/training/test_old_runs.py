"""Runs that earlier versions left: they load, give the codes that they gave, and go on.

tests/training/old/0.1.0, without its pictures and networks, and with the codes of `IMAGE` in expected.json, is from
    bin/train --gin_file=tests/tiny/betavae.gin --gin_allow_import=tests --gin_param='LATENT_DIM = 2'
        --gin_param='IMAGE_SHAPE = (4, 4, 1)' --gin_param='train.num_steps = 4'
A version that changes what a run directory holds adds its own; none is ever made again.
"""

import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import config, runs
from idgan_tf.training import build, checkpoint, loop

OLD = pathlib.Path(__file__).parent / "old"
IMAGE = tf.reshape(tf.linspace(0.0, 1.0, 16), [1, 4, 4, 1])
of_every_version = pytest.mark.parametrize("version", sorted(path.name for path in OLD.iterdir()))


@of_every_version
def test_it_loads_and_gives_the_codes_that_it_gave(version):
    method = runs.load(OLD / version, allow_imports=["tests"])
    expected = json.loads((OLD / version / "expected.json").read_text())
    np.testing.assert_allclose(tf.concat(method.encode(IMAGE), axis=0), expected, rtol=1e-4)


@of_every_version
def test_it_goes_on(version, tmp_path):
    run = runs.Run(shutil.copytree(OLD / version, tmp_path / "run"))
    config.load([run.config], ["train.num_steps = 6"], ["tests"])
    assert not config.differences(run.config.read_text(), config.text())
    loop.train(run, build.settings())
    assert checkpoint.steps(run.checkpoints) == [4, 6]
    assert [record["step"] for record in runs.read_metrics(run.metrics)] == [3, 4, 6]
