"""cGAN of the ID-GAN paper (Table 3): the discriminator sees pairs (x, c), nothing is distilled."""

import gin

from idgan_tf.methods.idgan import IDGAN


@gin.register
class CGAN(IDGAN):
    """min_G max_D E[log D(x, c)] + E[log(1 - D(G(s, c), c))], c ~ q(c|x) of the frozen teacher.

    R_ID is only reported.

    Args:
        discriminator: (image in [-1, 1], c [B, D]) -> logit [B] of "real pair".
        **idgan: the other arguments of `IDGAN`, without lambda_id.
    """

    def __init__(self, discriminator, **idgan):
        super().__init__(discriminator=discriminator, lambda_id=0.0, **idgan)

    def judge(self, image, c, seed):
        del seed
        return self.discriminator([image, c], training=True), None
