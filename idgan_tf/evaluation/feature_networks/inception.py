"""Inception's features of images: the network of TF-GAN, a SavedModel that is loaded here."""

import functools
import hashlib
import os
import pathlib

import gin
import numpy as np
import tensorflow as tf

from idgan_tf import cache
from idgan_tf.errors import ConfigError, message, require
from idgan_tf.evaluation.checks import finite
from idgan_tf.evaluation.metric import Unavailable
from idgan_tf.files import is_pattern
from idgan_tf.networks.ranges import signed

HUB_ADDRESS = "https://tfhub.dev/tensorflow/tfgan/eval/inception/1"
KAGGLE_NAME = "tensorflow/inception/tensorFlow1/tfgan-eval-inception"
OUTPUTS = {"pool_3": 2048, "logits": 1008}  # numbers of each, for an image
SIZE = 299
CHANNELS = (1, 3)
DEFAULT = "serving_default"
RESIZES = ("half_pixel", "tf1")
BATCH = 64


@gin.configurable("inception")
class InceptionFeatures:
    """The Inception network of TF-GAN, a SavedModel with outputs `pool_3` and `logits`.

    It is known by these names and their shapes: TF-GAN publishes no checksum, so results say "unverified" beside ours.

    Args:
        path: its folder; by default the first that exists of $IDGAN_INCEPTION_DIR, the user's cache, and
            TensorFlow Hub's cache.
        resize: how images come to 299 px, bilinearly and without antialiasing: "half_pixel" between the centres of
            pixels, as `tf.image.resize` and TF-GAN's examples do in TensorFlow 2, or "tf1" between their corners, as
            TensorFlow 1 did, and the graph itself with images of another size.

    Raises:
        Unavailable: there is none; the message says how to get it.
        ConfigError: `path` holds none, or `resize` is something else.
    """

    def __init__(self, path=None, resize="half_pixel"):
        require(resize in RESIZES, f"inception.resize is one of {RESIZES}, got {resize!r}")
        self.path, self.resize = find_inception(path), resize

    @functools.cached_property
    def sha256(self):
        """Of graph and weights, in the order of their file names."""
        digest = hashlib.sha256()
        files = [self.path / "saved_model.pb", *sorted((self.path / "variables").glob("variables.*"))]
        for file in files:
            digest.update(file.read_bytes())
        return digest.hexdigest()

    @property
    def protocol(self):
        """What a result says of it."""
        return {
            "feature_network": "tfgan inception, unverified",
            "feature_sha256": self.sha256,
            "resize": f"bilinear {SIZE}, {self.resize}",
        }

    def __call__(self, images):
        """Images [B, H, W, C] in [0, 1], C 1 or 3 -> {"pool_3": [B, 2048], "logits": [B, 1008]}, float32.

        Raises:
            ConfigError: the folder holds something else than such a network, or the images have another shape.
            NonFiniteError: an output holds NaN or infinity.
        """
        images = np.asarray(images, np.float32)
        require(
            images.ndim == 4 and images.shape[-1] in CHANNELS,
            f"images must be [N, H, W, 1 or 3], got {images.shape}",
        )
        out = {name: value.numpy() for name, value in self._call(images).items()}
        for name, value in out.items():
            require(
                value.shape == (len(images), OUTPUTS[name]),
                f"{self.path} is no Inception of TF-GAN: {name} has {value.shape[1]} numbers, not {OUTPUTS[name]}",
            )
            finite(value, name)
        return out

    @functools.cached_property
    def _model(self):
        of_hub = (self.path / "tfhub_module.pb").exists()  # TensorFlow 1: two graphs, the one to use without a tag
        try:
            return tf.saved_model.load(str(self.path), tags=[] if of_hub else None)
        except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
            why = (
                "TensorFlow takes its path for a pattern; copy it elsewhere"
                if is_pattern(self.path)
                else message(error)
            )
            raise ConfigError(f"cannot load the Inception SavedModel in {self.path}: {why}") from error

    @functools.cached_property
    def _call(self):
        """`_prepared` of the model itself, or of a signature of its with both outputs."""
        network = self._model
        if not callable(network):
            outputs = {name: sorted(signature.structured_outputs) for name, signature in network.signatures.items()}
            fit = [name for name in outputs if set(OUTPUTS) <= set(outputs[name])]
            require(fit, f"{self._must_give}; its signatures give {outputs}")
            network = network.signatures[DEFAULT if DEFAULT in fit else fit[0]]
        prepared = functools.partial(self._prepared, network)
        return tf.function(prepared, autograph=False, reduce_retracing=True)

    @property
    def _must_give(self):
        return f"the SavedModel in {self.path} must give {' and '.join(OUTPUTS)}"

    def _prepared(self, network, images):
        """What the network says of images: grey to colour, to 299 px, [0, 1] to [-1, 1] is what it expects."""
        if images.shape[-1] == 1:
            images = tf.image.grayscale_to_rgb(images)
        if self.resize == "tf1":
            images = tf.raw_ops.ResizeBilinear(images=images, size=[SIZE, SIZE])
        else:
            images = tf.image.resize(images, [SIZE, SIZE], "bilinear")
        out = network(signed(images))
        found = sorted(out) if isinstance(out, dict) else type(out).__name__
        require(isinstance(out, dict) and set(OUTPUTS) <= set(out), f"{self._must_give}, it gives {found}")
        return {name: tf.reshape(out[name], [tf.shape(images)[0], -1]) for name in OUTPUTS}


def find_inception(path=None):
    """The folder of the Inception SavedModel.

    Raises:
        ConfigError: `path` is given and holds none.
        Unavailable: none was found.
    """
    given = path or os.environ.get("IDGAN_INCEPTION_DIR")
    if given:
        where = "path" if path else "IDGAN_INCEPTION_DIR"
        require((pathlib.Path(given) / "saved_model.pb").is_file(), f"{where} {given} holds no saved_model.pb")
        return pathlib.Path(given)
    places = [cache.folder() / "inception"]
    if os.environ.get("TFHUB_CACHE_DIR"):
        name = hashlib.sha1(HUB_ADDRESS.encode()).hexdigest()
        places.append(pathlib.Path(os.environ["TFHUB_CACHE_DIR"]) / name)
    for place in places:
        if (place / "saved_model.pb").is_file():
            return place
    own = f"{cache.in_words()}/inception"
    raise Unavailable(
        "TF-GAN's Inception network is not here. Get it with:  "
        f"mkdir -p {own} && curl -L '{HUB_ADDRESS}?tf-hub-format=compressed' | tar -xz -C {own}  "
        "or:  pip install kagglehub && export IDGAN_INCEPTION_DIR=$(python -c "
        f"\"import kagglehub; print(kagglehub.model_download('{KAGGLE_NAME}'))\")"
    )


def activations(inception, batches, count):
    """{"pool_3": [count, 2048], "logits": [count, 1008]} of batches of images [B, H, W, C]."""
    out, start = {}, 0
    for batch in batches:
        for part in range(0, len(batch), BATCH):
            some = inception(batch[part : part + BATCH])
            if not out:
                out = {name: np.empty([count, value.shape[1]], np.float32) for name, value in some.items()}
            for name, value in some.items():
                out[name][start : start + len(value)] = value
            start += len(some["logits"])
    require(start == count, f"expected {count} images, got {start}")
    return out


def cached_pool(inception, description, make_batches, count):
    """`pool_3` [count, 2048] of real images, from the user's cache after the first time.

    Args:
        inception: an `InceptionFeatures`.
        description: text that tells these images from any others.
        make_batches: () -> batches of images; called when they are not in the cache.
        count: of images.
    """
    key = "|".join([description, str(count), *inception.protocol.values()])
    name = f"inception_{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    return cache.array(name, lambda progress: [activations(inception, progress(make_batches()), count)["pool_3"]])
