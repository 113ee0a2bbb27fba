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
    with pytest.raises(ConfigError, match="a seed is a whole number"):
        next(outside.evaluate_images(ours, theirs, -1, ["fid"]))
    settings = {"precision_recall": {"k": 2}}
    ((_, wider),) = outside.evaluate_images(ours, theirs, 0, ["precision_recall"], settings)
    assert wider.protocol["k"] == 2
    with pytest.raises(ConfigError, match="without a run there is no fid.num_samples"):
        next(outside.evaluate_images(ours, theirs, 0, ["fid"], {"fid": {"num_samples": 9}}))


def test_bindings_are_in_force_for_folders_of_images(tmp_path, monkeypatch, capsys):
    """`inception.resize` and settings of metrics reach `bin/evaluate --images`, and the protocol says them."""
    from idgan_tf.commands import evaluate
    from idgan_tf.evaluation.feature_networks import inception
    from tests.evaluation.feature_networks.test_inception import Fake

    monkeypatch.setattr(inception, "OUTPUTS", {"pool_3": 4, "logits": 3})
    tf.saved_model.save(Fake(), str(tmp_path / "inception"))
    monkeypatch.setenv("IDGAN_INCEPTION_DIR", str(tmp_path / "inception"))
    for i in range(12):
        pixels = np.random.default_rng(i).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    given = ["inception.resize = 'tf1'", "precision_recall.k = 2"]
    arguments = [f"--images={tmp_path}", f"--reference={tmp_path}", "--metrics=precision_recall"]
    flags, said = evaluate.FLAGS, []
    for bindings in ([], given):
        flags(["evaluate", *arguments, *(f"--gin_param={binding}" for binding in bindings)])
        evaluate.check()
        evaluate.main()
        said.append(capsys.readouterr().out)
        flags.unparse_flags()
        for name in ("images", "reference", "metrics", "gin_param"):
            flags[name].unparse()
    assert "k 3" in said[0] and "resize bilinear 299, half_pixel" in said[0]
    assert "k 2" in said[1] and "resize bilinear 299, tf1" in said[1]
