"""Runs that earlier versions left: they load, give the codes that they gave, and go on.

tests/training/old/0.1.0, without its pictures and networks, and with the codes of `IMAGE` in expected.json, is from
    bin/train --gin_file=tests/tiny/betavae.gin --gin_allow_import=tests --gin_param='LATENT_DIM = 2'
        --gin_param='IMAGE_SHAPE = (4, 4, 1)' --gin_param='train.num_steps = 4'
tests/training/old/4baf5ff are runs of the networks in tests/tiny/ of that commit, the last before modules moved:
    bin/train --gin_file=tests/tiny/<name>.gin --gin_allow_import=tests --gin_param='train.num_steps = 4'
        --gin_param='train.picture_every = 0'
of idgan with teacher.gin_params = ("train.num_steps = 4",), of ibgan with IBGAN.instance_noise = (1.0, 0.0, 4), of
label_relevant_vae with SGD(0.01) in place of Adam, whose slots are large. Their expected.json has what that commit's
metrics said of them, and the line that its training wrote at step 6.
tests/training/old/6162f89/dcgan is from the last commit where IB-GAN's baselines were IBGAN without an encoder, with
today's tests/tiny/dcgan.gin (IBGAN in place of DCGAN) and IBGAN.instance_noise = (1.0, 0.0, 4).
A version that changes what a run directory holds adds its own; none is ever made again.
"""

import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import runs
from idgan_tf.config import Configuration
from idgan_tf.evaluation.metric import find
from idgan_tf.run_directory import Run
from idgan_tf.run_log import read_metrics
from idgan_tf.training import build, checkpoint, loop

OLD = pathlib.Path(__file__).parent / "old"
IMAGE = tf.reshape(tf.linspace(0.0, 1.0, 16), [1, 4, 4, 1])
RUNS = sorted(str(path.parent.relative_to(OLD)) for path in OLD.rglob("config.gin"))
METRICS = {
    "4baf5ff/betavae": {"mig": {"num_samples": 200}},
    "4baf5ff/idgan": {"mig": {"num_samples": 200}, "rid": {"num_samples": 100}},
    "4baf5ff/ibgan": {"mig": {"num_samples": 200}, "mi_bounds": {"num_samples": 200}},
    "4baf5ff/label_relevant_vae": {"toy_spread": {}},
    "6162f89/dcgan": {"mig": {"num_samples": 200}, "mi_bounds": {"num_samples": 200}},
}


def test_it_gives_the_codes_that_it_gave():
    method = runs.load(OLD / "0.1.0", allow_imports=["tests"])
    expected = json.loads((OLD / "0.1.0/expected.json").read_text())
    np.testing.assert_allclose(tf.concat(method.encode(IMAGE), axis=0), expected, rtol=1e-4)


@pytest.mark.parametrize("name", METRICS)
def test_its_scores_are_what_they_were(name):
    method, dataset = runs.load_with_data(OLD / name, allow_imports=["tests"])
    values = {}
    for metric, settings in METRICS[name].items():
        values.update(find(metric).face(method, dataset, 0, **settings).values)
    expected = json.loads((OLD / name / "expected.json").read_text())["values"]
    assert values == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", RUNS)
def test_it_goes_on(name, tmp_path):
    run = Run(shutil.copytree(OLD / name, tmp_path / "run"))
    configuration = Configuration([run.config], ["train.num_steps = 6"], ["tests"])
    assert not configuration.differences(run.config.read_text())
    loop.train(run, build.settings(configuration))
    assert checkpoint.steps(run.checkpoints) == [4, 6]
    lines = read_metrics(run.metrics)
    assert [line["step"] for line in lines] == [3, 4, 6]
    expected = json.loads((OLD / name / "expected.json").read_text())
    if name != "0.1.0":
        assert lines[-1] == pytest.approx(expected["line"], rel=1e-3, abs=1e-5)


def test_a_baseline_of_ib_gan_is_the_run_that_todays_gin_file_describes():
    bindings = ["train.num_steps = 4", "train.picture_every = 0", "instance_noise/PiecewiseLinear.steps = (0, 4)"]
    old = (OLD / "6162f89/dcgan/config.gin").read_text()
    assert "IBGAN.encoder = None" in old
    assert not Configuration(["tests/tiny/dcgan.gin"], bindings, ["tests"]).differences(old)
    assert Configuration(["tests/tiny/dcinfogan.gin"], [], ["tests"]).differences(old)


@pytest.mark.parametrize("steps, ends", [(9, 9), (0, 1)])
def test_noise_of_ib_gan_may_be_bound_as_when_it_was_first_last_and_steps(steps, ends):
    old = Configuration(["tests/tiny/ibgan.gin"], [f"IBGAN.instance_noise = (0.5, 0.01, {steps})"], ["tests"])
    line = "instance_noise/PiecewiseLinear"
    today = [f"{line}.steps = (0, {ends})", f"{line}.values = (0.5, 0.01)"]
    assert not Configuration(["tests/tiny/ibgan.gin"], today, ["tests"]).differences(old.text)
