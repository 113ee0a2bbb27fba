"""What follows a training: export, pictures, loading, benchmark."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import runs
from idgan_tf.errors import CheckpointError, ConfigError
from tests.commands.test_train import ENV, TINY, finished  # noqa: F401
from tests.helpers import command

ALLOW = "--gin_allow_import=tests"
READER = """
import sys
sys.modules["idgan_tf"] = sys.modules["keras"] = None
import numpy as np, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
c = tf.zeros([2, 10])
image = model.signatures["generate"](s=tf.zeros([2, 0]), c=c)
image = list(image.values())[0]
assert image.shape == (2, 64, 64, 1) and 0 <= np.min(image) and np.max(image) <= 1
code = model.encode(image)
assert code["mean"].shape == code["logvar"].shape == (2, 10)
assert model.decode(c).shape == (2, 64, 64, 1)
strip = model.traverse(c, tf.constant(3), tf.constant([-1.0, 0.0, 1.0]))
np.testing.assert_allclose(strip[0, 1], image[0], atol=1e-5)
print("read")
"""


def test_the_export_is_read_where_idgan_tf_and_keras_cannot_be_imported(finished, tmp_path):  # noqa: F811
    process = command("export", f"--run_dir={finished[0]}", f"--out={tmp_path}", ALLOW, env=ENV, check=0)
    assert "generate(s float32[None, 0], c float32[None, 10])" in process.stdout
    reader = subprocess.run(
        [sys.executable, "-c", READER, str(tmp_path / "1")], capture_output=True, text=True, cwd=tmp_path
    )
    assert reader.stdout.strip() == "read", reader.stderr[-3000:]


def test_a_loaded_run_encodes_generates_and_traverses(finished):  # noqa: F811
    method, dataset = runs.load(finished[0], allow_imports=["tests"])
    image = dataset.take(np.array([0, 7]))["image"]
    mean, logvar = method.encode(image)
    assert mean.shape == logvar.shape == (2, 10)
    fake = method.generate(tf.zeros([2, 0]), mean)
    strip = method.traverse(mean, 4, mean[:1, 4])
    np.testing.assert_allclose(strip[0, 0], fake[0], atol=1e-5)
    assert int(method.step.numpy()) == 24


def test_pictures_of_a_run(finished):  # noqa: F811
    process = command("visualize", f"--run_dir={finished[0]}", "--figures=traversal", ALLOW, env=ENV, check=0)
    assert "traversal.png" in process.stdout
    refused = command("visualize", f"--run_dir={finished[0]}", "--figures=sampels", ALLOW, env=ENV)
    assert refused.returncode == 2 and "samples" in refused.stderr.splitlines()[-1]


def test_a_run_without_a_checkpoint_says_so(finished, tmp_path):  # noqa: F811
    with pytest.raises(ConfigError, match="no run directory"):
        runs.load(tmp_path, allow_imports=["tests"])
    (tmp_path / "config.gin").write_text((finished[0] / "config.gin").read_text())
    with pytest.raises(CheckpointError):
        runs.load(tmp_path, allow_imports=["tests"])


def test_benchmark_prints_one_json_line():
    process = command("benchmark", *TINY, "--seconds=0.5", "--json", env=ENV, check=0)
    result = json.loads(process.stdout)
    assert {"steps_per_s", "images_per_s", "peak_rss_mb", "precision"} <= result.keys()
    assert result["images_per_s"] == pytest.approx(4 * result["steps_per_s"], rel=0.1)
    assert result["traces"] == 1
    assert result["data_images_per_s"] > result["images_per_s"] and 0 < result["input_wait_percent"] < 100
