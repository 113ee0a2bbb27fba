"""The label-relevant prior of the label-relevant / irrelevant VAE: one Gaussian per class, in log space."""

import math

import gin
import keras
from keras import ops

from idgan_tf.errors import require_number
from idgan_tf.networks.base import Network
from idgan_tf.objectives.gaussian import LOG_2_PI

ONE = math.log(math.e - 1.0)  # softplus(ONE) = 1; the released code starts at 0.54


class _Rows(keras.layers.Layer):
    """A trainable row [D] per class, in `rows` [C, D]."""

    def __init__(self, num_classes, dim, initializer, name):
        super().__init__(name=name, dtype="float32")
        self.rows = self.add_weight(shape=(num_classes, dim), initializer=initializer, name="rows")
        self.built = True


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class GaussianMixture(Network):
    """p(zs|c) = N(zs; mu_c, diag Sigma_c), p(c) = 1/C (Eq. 6), with learned means and precisions.

    A precision is the softplus of a weight, as in the released code, but its logarithms are summed where the
    code multiplies, so that 512 dimensions of any variance stay finite.

    Args:
        num_classes: C.
        dim: D, the size of zs.
    """

    def __init__(self, num_classes, dim, name="mixture"):
        require_number("GaussianMixture.num_classes", num_classes, minimum=1, integer=True)
        super().__init__(name, dtype="float32", num_classes=num_classes, dim=dim)
        self.means = _Rows(num_classes, dim, "glorot_uniform", name="means")
        self.spreads = _Rows(num_classes, dim, keras.initializers.Constant(ONE), name="spreads")
        self(keras.Input((dim,)))

    @property
    def parts(self):
        """{name: layer} of what optimizers of their own may move: "class_means", mu, and "class_spreads", of Sigma."""
        return {"class_means": self.means, "class_spreads": self.spreads}

    def call(self, z, training=False):
        """log N(z; mu_c, Sigma_c) of z [B, D] under every class, [B, C], in nats."""
        log_precision = self._log_precisions()
        distance = ops.exp(log_precision) * ops.square(z[:, None, :] - self.means.rows)
        return 0.5 * ops.sum(log_precision - LOG_2_PI - distance, axis=-1)

    def variances(self):
        """Sigma, [C, D]."""
        return ops.exp(-self._log_precisions())

    def _log_precisions(self):
        """log softplus(v), which is v itself where softplus would underflow."""
        v = ops.convert_to_tensor(self.spreads.rows)
        return ops.where(v < -15.0, v, ops.log(ops.softplus(ops.maximum(v, -15.0))))

    def sample(self, label, noise):
        """zs [B, D] of classes [B] from standard normal noise [B, D]: noise * sigma_c + mu_c.

        Without a class, label -1, it follows the Gaussian of Eq. 11.
        """
        classes = zip((self.means.rows, self.variances()), self.total(), strict=True)
        mean, variance = (ops.take(ops.append(rows, whole[None], axis=0), label, axis=0) for rows, whole in classes)
        return mean + noise * ops.sqrt(variance)

    def total(self):
        """(mean [D], variance [D]) of the Gaussian with the mixture's moments (Eq. 11)."""
        means = ops.convert_to_tensor(self.means.rows)
        mean = ops.mean(means, axis=0)
        between = ops.mean(ops.square(means - mean), axis=0)  # mean of squares less square of the mean
        return mean, ops.mean(self.variances(), axis=0) + between
