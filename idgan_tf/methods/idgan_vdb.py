"""ID-GAN with the variational discriminator bottleneck (VGAN), as for CelebA-HQ.

Peng et al., "Variational Discriminator Bottleneck", ICLR 2019; weights of ID-GAN's code, branch `vgan`.
"""

import gin
import tensorflow as tf

from idgan_tf.errors import require_number
from idgan_tf.methods.idgan import IDGAN
from idgan_tf.objectives.gaussian import gaussian_kl, sample_gaussian


@gin.register
class IDGANVDB(IDGAN):
    """IDGAN whose discriminator judges z ~ N(mean(x), std(x)) and pays beta_v per nat of its information I.

    I is the KL of z to N(0, I), per position of the 4x4 map, averaged over real and fake images. After every
    step of D, beta_v <- max(0, beta_v + beta_v_rate * (I - I_c)) (VDB, Eq. 11): dual ascent on the constraint
    I <= I_c. The generator is judged by samples too.

    Args:
        information: I_c, nats that may pass per position, >= 0.
        beta_v: where beta_v starts, >= 0.
        beta_v_rate: of the dual ascent, >= 0.
        **idgan: the arguments of `IDGAN`; `discriminator` is a `BottleneckDiscriminator`.
    """

    meanings = {**IDGAN.meanings, "information": "nats that the discriminator's bottleneck lets through, per position"}

    def __init__(self, information, beta_v, beta_v_rate, **idgan):
        for name, value in {"information": information, "beta_v": beta_v, "beta_v_rate": beta_v_rate}.items():
            require_number(f"IDGANVDB.{name}", value, minimum=0)
        super().__init__(**idgan)
        self.information, self.beta_v_rate = information, beta_v_rate
        self.beta_v = tf.Variable(
            beta_v, trainable=False, dtype=tf.float32, name="beta_v", aggregation=tf.VariableAggregation.MEAN
        )
        self.extra_variables["beta_v"] = self.beta_v

    def judge(self, image, c, seed):
        mean, logvar = self.discriminator.bottleneck(image)
        logit = self.discriminator.judge(sample_gaussian(mean, logvar, seed))
        return logit, tf.reduce_mean(gaussian_kl(mean, logvar), axis=[1, 2])

    def information_cost(self, real, fake):
        information = 0.5 * tf.reduce_mean(real + fake)
        return self.beta_v * information, {"information": information}

    def update_discriminator(self, real, fake, c, seed):
        values = super().update_discriminator(real, fake, c, seed)
        information = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, values["information"])
        beta_v = tf.maximum(0.0, self.beta_v + self.beta_v_rate * (information - self.information))
        self.beta_v.assign(beta_v)
        return {**values, "beta_v": beta_v}
