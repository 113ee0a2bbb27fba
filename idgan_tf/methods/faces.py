"""What every method with a code c can do besides training: signatures for export, traversals, KL per dimension."""

import tensorflow as tf

from idgan_tf import noise
from idgan_tf.objectives.gaussian import gaussian_kl_per_dimension

PRIOR = "c ~ N(0, I)"  # where codes come from, as protocols say it


class CodeFaces:
    """For methods with some of `encode(image)`, `decode(c)` and `generate(s, c)`, the last two or one of them.

    A subclass has `image_shape`, `code_dim` and, with `generate`, `nuisance_dim`.

    Attributes:
        traversal_range: the lowest and the highest value that a traversal gives to a dimension of the code.
    """

    traversal_range = (-3.0, 3.0)  # three standard deviations of the prior

    def sample_prior(self, count, seed):
        """c ~ N(0, I) [count, D], whatever the codes of the training are: of IB-GAN, r ~ m(r)."""
        return noise.normal([count, self.code_dim], seed)

    def render(self, c):
        """c [B, D] -> image [B, H, W, C] of the best decoder there is: the generator at s = 0, or the decoder."""
        if not hasattr(self, "generate"):
            return self.decode(c)
        return self.generate(tf.zeros([tf.shape(c)[0], self.nuisance_dim]), c)

    def traverse(self, c, dimension, values):
        """Images of codes in which one dimension takes given values.

        Args:
            c: float32 [B, D].
            dimension: int32 scalar, below D.
            values: float32 [V].

        Returns:
            [B, V, H, W, C] in [0, 1].
        """
        c, values = tf.convert_to_tensor(c, tf.float32), tf.convert_to_tensor(values, tf.float32)
        batch, count = tf.shape(c)[0], tf.shape(values)[0]
        here = tf.one_hot(dimension, self.code_dim)
        codes = c[:, None, :] * (1.0 - here) + values[None, :, None] * here
        images = self.render(tf.reshape(codes, [batch * count, self.code_dim]))
        return tf.reshape(images, [batch, count, *self.image_shape])

    def kl_per_dimension(self, image):
        """Mean KL(q(c_j|x) || N(0, 1)) over images [B, H, W, C]: [D], in nats."""
        return tf.reduce_mean(gaussian_kl_per_dimension(*self.encode(image)), axis=0)

    def signatures(self):
        """encode(image), decode(c), generate(s, c) and traverse(c, dimension, values): those the method can do."""
        image = tf.TensorSpec([None, *self.image_shape], tf.float32, "image")
        c = tf.TensorSpec([None, self.code_dim], tf.float32, "c")
        dimension, values = (
            tf.TensorSpec([], tf.int32, "dimension"),
            tf.TensorSpec([None], tf.float32, "values"),
        )

        def encode(image):
            mean, logvar = self.encode(image)
            return {"mean": mean, "logvar": logvar}

        found = {}
        if self.code_dim:
            found["traverse"] = (self.traverse, [c, dimension, values])
        if hasattr(self, "encode"):
            found["encode"] = (encode, [image])
        if hasattr(self, "decode"):
            found["decode"] = (self.decode, [c])
        if hasattr(self, "generate"):
            found["generate"] = (
                self.generate,
                [tf.TensorSpec([None, self.nuisance_dim], tf.float32, "s"), c],
            )
        return found


def join(s, c):
    """A generator's input [s, c], float32 [B, S + D], of tensors or arrays of any kind of number."""
    return tf.concat([tf.cast(s, tf.float32), tf.cast(c, tf.float32)], axis=-1)
