"""Small methods and images that the tests of the explorer share."""

import keras
import numpy as np
import tensorflow as tf

from idgan_tf.data.base import Dataset
from idgan_tf.errors import DataError
from idgan_tf.explorer.explorer import Explorer
from idgan_tf.explorer.model import Model
from idgan_tf.methods.idgan import IDGAN
from idgan_tf.methods.label_faces import LabelFaces
from idgan_tf.networks.mixture import GaussianMixture
from idgan_tf.run_directory import Run
from tests.methods.tiny import make, teacher


class Speckles(Dataset):
    """32 random images of 4 x 4."""

    name, image_shape, source = "speckles", (4, 4, 1), "drawn"

    @property
    def arrays(self):
        return {"image": np.random.default_rng(0).random((32, 4, 4, 1), np.float32)}

    def decode(self, rows, seed):
        return {"image": rows["image"]}


class Missing(Speckles):
    """The same, on a machine that does not have it."""

    @property
    def arrays(self):
        raise DataError("speckles is not here; run bin/prepare_data")


class Labelled(LabelFaces):
    """zs is the first two pixels, zu the next three; the decoder shows both."""

    image_shape, zs_dim, zu_dim, code_dim, num_classes = (4, 4, 1), 2, 3, 5, 3
    step = tf.Variable(7)

    def __init__(self):
        self.mixture = GaussianMixture(3, 2)

    def encoder_s(self, image):
        return tf.reshape(image, [-1, 16])[:, :2]

    def encoder_u(self, image):
        mean = tf.reshape(image, [-1, 16])[:, 2:5] * [1.0, 3.0, 2.0]
        return mean, tf.zeros_like(mean)

    def decoder(self, c):
        return tf.reshape(tf.concat([c, c, c, c[:, :1]], axis=-1), [-1, 4, 4, 1])


def idgan():
    """An ID-GAN with two nuisances, whose code dimension 1 is the most informative."""
    keras.utils.set_random_seed(0)
    networks = teacher()
    kernel = networks["teacher_encoder"].head.kernel
    kernel.assign(kernel * [1.0, 5.0, 2.0])
    return make(IDGAN, teacher=networks, lambda_id=0.1)


def explorer(*methods, dataset=None, folder="a run"):
    """An `Explorer` of methods, each in a run of its own: "a run", "a run 2" and so on."""
    dataset = Speckles() if dataset is None else dataset
    names = [folder, *(f"{folder} {number}" for number in range(2, len(methods) + 1))]
    runs = (Run(name) for name in names)
    return Explorer([Model(run, method, dataset) for run, method in zip(runs, methods, strict=True)])


def uint8(image):
    return np.repeat(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8), 3, axis=-1)
