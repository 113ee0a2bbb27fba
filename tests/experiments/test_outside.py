"""Images of others, through a two-output SavedModel in Inception's place."""

import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from idgan_tf.errors import ConfigError
from idgan_tf.experiments import outside


def test_two_folders_of_images_are_compared(tmp_path, monkeypatch):
    from idgan_tf.evaluation.feature_networks import inception
    from tests.evaluation.feature_networks.test_inception import Fake

    monkeypatch.setattr(inception, "OUTPUTS", {"pool_3": 4, "logits": 3})
    tf.saved_model.save(Fake(), str(tmp_path / "inception"))
    monkeypatch.setenv("IDGAN_INCEPTION_DIR", str(tmp_path / "inception"))
    rng = np.random.default_rng(0)
    for folder, size in (("ours", 16), ("theirs", 24)):
        (tmp_path / folder).mkdir()
        for i in range(12):
            pixels = rng.integers(0, 256, (size + 8 * (i % 2), size, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / folder / f"{i}.png")
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    results = dict(outside.evaluate_images(ours, theirs, 0, ["fid", "kid", "inception_score"]))
    assert results["fid"].values["fid12"] > 0 and results["inception_score"].values["inception_score12"] >= 1.0
    assert results["kid"].protocol["num_real"] == 12 and results["kid"].protocol["metric"] == "kid"
    same = dict(outside.evaluate_images(ours, ours, 0, ["fid"]))
    assert same["fid"].values["fid12"] == pytest.approx(0.0, abs=1e-4)
    near = dict(outside.evaluate_images(ours, ours, 0, ["precision_recall", "mind"]))
    assert near["precision_recall"].values == {"precision12": 1.0, "recall12": 1.0}
    assert near["mind"].protocol["floor_samples"] == 6 and near["mind"].protocol["feature_sha256"]
    with pytest.raises(ConfigError, match="fvm cannot be told from images"):
        list(outside.evaluate_images(ours, theirs, 0, ["fvm"]))
    assert json.dumps(same["fid"].protocol)
