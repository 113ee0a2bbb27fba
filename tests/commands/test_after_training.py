"""What follows a training: export, pictures, loading, benchmark."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from idgan_tf import runs
from idgan_tf.errors import CheckpointError, ConfigError
from idgan_tf.files import sha256
from tests.commands.test_train import ENV, TINY, finished  # noqa: F401
from tests.helpers import PROJECT, command

ALLOW = "--gin_allow_import=tests"
BLOCKED = 'import sys; sys.modules["idgan_tf"] = sys.modules["keras"] = None\n'
READER = """
import numpy as np, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
c = tf.zeros([2, 10])
image = model.signatures["generate"](c=c)
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
    (line,) = (process.stdout + process.stderr).splitlines()
    assert line.startswith(f"wrote {tmp_path / '1'}: ") and "encode, decode, generate" in line
    reader = subprocess.run(
        [sys.executable, "-c", BLOCKED + READER, str(tmp_path / "1")], capture_output=True, text=True, cwd=tmp_path
    )
    assert reader.stdout.strip() == "read", reader.stderr[-3000:]
    check_files(tmp_path / "1")


def check_request(export, request):
    """A request of TensorFlow Serving's REST interface names a signature and fills its inputs, and nothing else."""
    assert export.name.isdigit(), "a version of a model is a numbered folder"
    proto = tf.compat.v1.saved_model.load(tf.compat.v1.Session(graph=tf.Graph()), ["serve"], str(export))
    signature = proto.signature_def[request["signature_name"]]
    assert signature.method_name == "tensorflow/serving/predict" and "serving_default" in proto.signature_def
    assert signature.inputs.keys() == request["inputs"].keys() and request["inputs"]["values"] == [-2, 0, 2]
    for name, value in request["inputs"].items():
        info = signature.inputs[name]
        value = np.asarray(value, tf.as_dtype(info.dtype).as_numpy_dtype)
        assert tf.TensorShape(info.tensor_shape).is_compatible_with(value.shape), name


def check_files(export):
    """What stands beside the SavedModel: a README whose example runs, a model card, checksums, networks."""
    text = (export / "README.md").read_text()
    for row in (
        "| `encode` | `image` float32[None, 64, 64, 1]: in [0, 1] | `logvar` float32[None, 10]",
        "`dimension` int32[]: which dimension of c, 0 to 9",
    ):
        assert row in text
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    shown = subprocess.run([sys.executable, "-c", BLOCKED + example], capture_output=True, text=True, cwd=export)
    assert shown.stdout.startswith("output_0 (1, 3, 64, 64, 1) 0."), shown.stderr[-3000:]
    check_request(export, json.loads(re.search(r"curl -d '(.*)'", text)[1]))

    card = (export / "MODEL_CARD.md").read_text()
    for part in (
        "IDGAN on tiny_sprites",
        "24 steps",
        "Licence of the data",
        "None was measured",
        "train.num_steps = 24",
    ):
        assert part in card, part
    sums = dict(reversed(line.split("  ")) for line in (export / "SHA256SUMS").read_text().splitlines())
    assert all(sha256(export / name) == checksum for name, checksum in sums.items())
    assert {
        "saved_model.pb",
        "variables/variables.index",
        "README.md",
        "networks/average_generator.keras",
    } <= sums.keys()


def test_a_loaded_run_encodes_generates_and_traverses(finished):  # noqa: F811
    method, dataset = runs.load_with_data(finished[0], allow_imports=["tests"])
    image = dataset.take(np.array([0, 7]))["image"]
    mean, logvar = method.encode(image)
    assert mean.shape == logvar.shape == (2, 10)
    fake = method.generate(tf.zeros([2, 0]), mean)
    strip = method.traverse(mean, 4, mean[:1, 4])
    np.testing.assert_allclose(strip[0, 0], fake[0], atol=1e-5)
    assert int(method.step.numpy()) == 24
    for as_given in (np.asarray, lambda values: np.asarray(values, np.float64)):
        c = as_given(mean)
        np.testing.assert_allclose(method.encode(as_given(image))[0], mean, atol=1e-5)
        np.testing.assert_allclose(method.generate(np.zeros([2, 0]), c), fake, atol=1e-5)
        np.testing.assert_allclose(method.decode(c), method.decode(mean), atol=1e-5)
        np.testing.assert_allclose(method.traverse(c, 4, c[:1, 4]), strip, atol=1e-5)


SHOWN = [("README.md", "pretrained:idgan_dsprites"), ("docs/python.md", "runs/quickstart")]


@pytest.mark.parametrize("page, run", SHOWN)
def test_the_example_of_a_page_runs(finished, tmp_path, monkeypatch, page, run):  # noqa: F811
    code = re.search(r"```python\n(.*?)```", (PROJECT / page).read_text(), re.DOTALL)[1]
    here = {f'("{run}")': f'("{finished[0]}", allow_imports=["tests"])', "100_000": "40"}
    for old, new in here.items():
        assert old in code
        code = code.replace(old, new)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    with Image.open("row.png") as picture:
        assert picture.size == (7 * 66 + 2, 68)


def test_pictures_of_a_run(finished):  # noqa: F811
    process = command("visualize", f"--run_dir={finished[0]}", "--figures=traversal", ALLOW, env=ENV, check=0)
    assert "traversal.png" in process.stdout
    refused = command("visualize", f"--run_dir={finished[0]}", "--figures=sampels", ALLOW, env=ENV)
    assert refused.returncode == 2 and "samples" in refused.stderr.splitlines()[-1]


def test_of_several_runs_those_that_cannot_have_a_figure_are_left_out(finished):  # noqa: F811
    figures = "--figures=samples_prior,compare_samples"
    both = command("visualize", f"--run_dir={finished[0].parent}", figures, ALLOW, env=ENV, check=0)
    together = finished[0].parent / "figures" / "compare_samples.png"
    assert both.stdout.splitlines() == [f"wrote {together}", f"wrote {finished[0] / 'figures' / 'samples_prior.png'}"]
    assert "tiny_betavae is left out: BetaVAE has no figure 'samples_prior'" in both.stderr
    none = command("visualize", f"--run_dir={finished[0].parent}", "--figures=sampels", ALLOW, env=ENV, check=2)
    assert none.stdout == ""


def test_a_run_without_a_checkpoint_says_so(finished, tmp_path):  # noqa: F811
    with pytest.raises(ConfigError, match="no run directory"):
        runs.load(tmp_path, allow_imports=["tests"])
    (tmp_path / "config.gin").write_text((finished[0] / "config.gin").read_text())
    with pytest.raises(CheckpointError) as error:
        runs.load(tmp_path, allow_imports=["tests"])
    assert error.value.exit_code == 5


def test_benchmark_prints_one_json_line():
    process = command("benchmark", *TINY, "--seconds=0.5", "--json", env=ENV, check=0)
    result = json.loads(process.stdout)
    assert {"steps_per_s", "images_per_s", "peak_rss_mb", "precision"} <= result.keys()
    assert result["images_per_s"] == pytest.approx(4 * result["steps_per_s"], rel=0.1)
    assert result["traces"] == 1
    assert result["data_images_per_s"] > result["images_per_s"] and 0 < result["input_wait_percent"] < 100
