"""What every method is: a model that is called, but neither compiled nor fitted, and that says what it can do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.methods.base import Method
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.methods.faces import can, draws_by
from idgan_tf.methods.factor_classifier import FactorClassifier
from idgan_tf.methods.gan import GAN
from idgan_tf.methods.idgan import IDGAN
from idgan_tf.objectives.likelihood import bernoulli_nll
from idgan_tf.training import build
from tests.methods.tiny import LinearDecoder, LinearEncoder, batch, make, teacher
from tests.methods.tiny_label_vae import make as make_label_relevant_vae


def vae(rate=0.1):
    return BetaVAE(LinearEncoder(), LinearDecoder(), keras.optimizers.SGD(rate), bernoulli_nll, beta=1.0)


def classifier():
    return FactorClassifier(LinearEncoder(), keras.optimizers.SGD(0.1))


def test_called_on_images_it_draws_their_mean_codes():
    method, image = vae(), batch()["image"]
    np.testing.assert_array_equal(method(image), method.decode(method.encode(image)[0]))
    idgan = make(IDGAN, teacher=teacher(), lambda_id=1.0)
    np.testing.assert_array_equal(idgan(image), idgan.generate(tf.zeros([4, 2]), idgan.encode(image)[0]))


def test_a_training_that_ends_before_a_learning_rate_has_is_told_but_not_of_one_that_never_rests():
    late = keras.optimizers.schedules.PiecewiseConstantDecay([300], [0.0, 3e-4])
    (told,) = vae(late).foresee(200)
    assert "the learning rate of vae is 0 after the 200 steps of the training, but 0.0003 at the end" in told
    endless = keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)
    assert not vae(late).foresee(301) and not vae(endless).foresee(200) and not vae().foresee(1)


@pytest.mark.parametrize("method, has", [(lambda: make(GAN), "generate, sample_code"), (classifier, "train_step")])
def test_called_on_images_what_reads_or_draws_none_says_so_and_what_it_has(method, has):
    with pytest.raises(ConfigError, match=f"makes no image of an image.*it has {has}"):
        method()(batch()["image"])


@pytest.mark.parametrize(
    "name, instead",
    [("fit", "bin/train"), ("train_on_batch", "bin/train"), ("compile", "bin/train"), ("evaluate", "bin/evaluate")]
    + [("test_on_batch", "bin/evaluate"), ("predict", "encode, decode"), ("predict_on_batch", "encode, decode")]
    + [("save", "runs.load"), ("export", "bin/export"), ("save_weights", "networks"), ("load_weights", "--from_run")]
    + [("get_config", "config.gin")],
)
def test_what_keras_would_do_is_refused_with_what_does_it(name, instead):
    with pytest.raises(ConfigError, match=f"BetaVAE has no {name}: .*{instead}"):
        getattr(vae(), name)(batch()["image"])


@pytest.mark.parametrize(
    "method, way",
    [
        (vae, "decoder"),
        (lambda: make(GAN), "generator"),
        (lambda: make(IDGAN, teacher=teacher(), lambda_id=1.0), "generator"),
        (make_label_relevant_vae, "class"),
        (classifier, None),
    ],
)
def test_it_draws_by_the_best_that_it_has(method, way):
    assert draws_by(method()) == way


def test_faces_are_asked_for_by_names_that_there_are():
    assert can(vae(), "encode", "decode") and not can(vae(), "encode", "generate")
    with pytest.raises(KeyError):
        can(vae(), "encodes")


def test_an_average_takes_statistics_as_they_are():
    networks = [keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization()]) for _ in range(2)]
    average, source = networks
    for i, variable in enumerate(source.variables):
        variable.assign(tf.fill(variable.shape, 10.0 + i))
    before = [np.array(v) for v in average.trainable_variables]
    Method.update_average(average, source, 0.75)
    for mean, old, new in zip(average.trainable_variables, before, source.trainable_variables, strict=True):
        np.testing.assert_allclose(mean, 0.75 * old + 0.25 * np.array(new))
    assert len(average.non_trainable_variables) == 2
    for mean, new in zip(average.non_trainable_variables, source.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(mean, new)


def test_replicas_step_by_the_mean_of_their_gradients():
    """With an optimizer to which the size of a gradient matters: Adam and RMSprop divide by it."""
    strategy = build.strategy()
    with strategy.scope():
        method = BetaVAE(LinearEncoder(), LinearDecoder(), keras.optimizers.SGD(1.0), bernoulli_nll, beta=1.0)
        method.build_optimizers()
    kernel = method.decoder.head.kernel
    before = np.array(kernel)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            loss = tf.cast(1 + 2 * replica, tf.float32) * tf.reduce_sum(kernel.value) + 0.0 * sum(
                tf.reduce_sum(variable.value) for variable in method.players["vae"].variables
            )
        method.minimize("vae", loss, tape)

    strategy.run(step)
    assert strategy.num_replicas_in_sync == 2
    np.testing.assert_allclose(np.array(kernel), before - (1.0 + 3.0) / 2, rtol=1e-5)
