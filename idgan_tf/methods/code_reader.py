"""Reading the code of images with the networks of an earlier stage, whatever method trained them."""

import tensorflow as tf

from idgan_tf.errors import require
from idgan_tf.networks.ranges import signed
from idgan_tf.networks.resize import convert


class CodeReader:
    """q(c|x) and, where there is one, the decoder of a teacher.

    Args:
        teacher: {"teacher_encoder": ..., "teacher_decoder": ...} of a VAE. With a "teacher_reconstructor" it is an
            IB-GAN, which reads images in two steps (`two_steps`), or, without an encoder, one of its baselines.
        to_grey: whether colour images become grey for a teacher of grey images; their size is always converted.
        resize: how: "bilinear" or "area", see `networks.resize.convert`.

    Attributes:
        code_dim: D.
        levels: how many values a dimension takes, of a quantised code, or None.
        decoder: c [B, D] -> logits [B, H, W, C], or None.

    Raises:
        ConfigError: no network of the teacher encodes images.
    """

    def __init__(self, teacher, to_grey, resize):
        self._steps = [teacher.get(f"teacher_{role}") for role in ("reconstructor", "encoder", "front")]
        self.decoder = teacher.get("teacher_decoder")
        found = [network.get_config() for network in self._steps[:2] if network is not None]
        require(found, f"the teacher has no encoder of images among {', '.join(teacher) or 'nothing'}")
        first, last = found[0], found[-1]
        self.code_dim = next(last[key] for key in ("latent_dim", "r_dim", "outputs") if key in last)
        self.levels = last.get("levels")
        self._conversion = {"image_shape": tuple(first["image_shape"]), "to_grey": to_grey, "resize": resize}

    def encode(self, image):
        """image [B, H, W, C] in [0, 1] -> (mean [B, D], logvar [B, D]) of the teacher's q(c|x)."""
        image = convert(image, **self._conversion)
        reconstructor, encoder, front = self._steps
        return encoder(image) if reconstructor is None else two_steps(image, reconstructor, encoder, front)

    def decode(self, c):
        """c [B, D] -> the teacher's image [B, H, W, C] in [0, 1]."""
        return tf.sigmoid(self.decoder(c))


def two_steps(image, reconstructor, encoder=None, front=None):
    """The code of images [B, H, W, C] in [0, 1], (mean, logvar) of e(r|Q(x)); without e, (Q(x), 0)."""
    image = signed(image)
    z = reconstructor(image if front is None else front(image))
    return (z, tf.zeros_like(z)) if encoder is None else encoder(z)
