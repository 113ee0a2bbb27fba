"""The label-relevant / irrelevant VAE with labels, then without, from one command; on toy points."""

import numpy as np
import pytest

from idgan_tf import runs
from idgan_tf.config import Configuration
from idgan_tf.errors import ConfigError
from idgan_tf.experiments.stages import train
from tests.helpers import final_arrays

GIN_FILES = ["gin/label_relevant_vae_facescrub_casia.gin", "gin/data/toy.gin"]
TINY = ["HalfCircles.per_class = 20", "train.num_steps = 2", "train.batch_size = 8"]
STAGES = [
    *TINY,
    "teacher.gin_file = 'gin/label_relevant_vae_toy.gin'",
    f"teacher.gin_params = {[*TINY, 'LabelRelevantVAE.n_gm = 1']!r}",
    "UnlabelledLabelVAE.lambda_rec = 160.0",
]


@pytest.mark.slow
def test_one_command_trains_with_labels_and_then_without(tmp_path):
    _, _, method = train(Configuration(GIN_FILES, STAGES), tmp_path / "run")
    first, second = final_arrays(tmp_path / "label_relevant_vae_toy"), final_arrays(tmp_path / "run")
    for name, moves in {"encoder_s": True, "encoder_u": True, "decoder": True, "discriminator": True}.items():
        key = f"networks/{name}/000"
        assert np.array_equal(first[key], second[key]) != moves, name
    for name in ("mixture", "latent_classifier"):
        np.testing.assert_array_equal(first[f"networks/{name}/000"], second[f"networks/{name}/000"])
    stamp = (tmp_path / "label_relevant_vae_toy" / "done.json").stat().st_mtime_ns
    train(
        Configuration(GIN_FILES, [*STAGES, "train.num_steps = 3"]), tmp_path / "run"
    )  # continues, and leaves stage 1 as it is
    assert (tmp_path / "label_relevant_vae_toy" / "done.json").stat().st_mtime_ns == stamp
    loaded = runs.load(tmp_path / "run")
    assert int(loaded.step.numpy()) == 3 and set(loaded.players) == set(method.players)


def test_a_role_that_stage_1_lacks_is_named_before_anything_trains(tmp_path):
    missing = [*STAGES, "teacher.roles = ('encoder_s', 'critic')"]
    with pytest.raises(ConfigError, match="names 'critic'; stage 1 has decoder"):
        train(Configuration(GIN_FILES, missing), tmp_path / "run")
    assert not (tmp_path / "label_relevant_vae_toy").exists()
