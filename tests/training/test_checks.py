"""What a training is told before its first step, and of two stages before the first of them trains."""

import pytest

from idgan_tf.config import Configuration
from idgan_tf.errors import ConfigError
from idgan_tf.experiments import stages

RATE = "generator/keras.optimizers.RMSprop.learning_rate = @keras.optimizers.CosineDecay()"
DECAY = ("keras.optimizers.CosineDecay.initial_learning_rate = 1e-3", "keras.optimizers.CosineDecay.decay_steps = 9")


@pytest.mark.parametrize(
    "bindings, said",
    [
        (("train.rollbacks = 1", RATE, *DECAY), "train.rollbacks cannot lower a learning rate that follows a schedule"),
        (("train.batch_size = 60",), "train.batch_size 60 exceeds the 48 examples of tiny_sprites"),
    ],
)
def test_what_the_second_stage_cannot_do_is_told_before_the_first_trains(bindings, said, tmp_path):
    asked = Configuration(["tests/tiny/idgan.gin"], bindings, ["tests"])
    with pytest.raises(ConfigError, match=said):
        stages.train(asked, tmp_path / "idgan")
    assert list(tmp_path.iterdir()) == []
