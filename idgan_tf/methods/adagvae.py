"""Ada-GVAE: a VAE of pairs of images that share factors, without being told which.

Locatello et al., "Weakly-Supervised Disentanglement Without Compromises", ICML 2020, arXiv:2002.02886; as in
disentanglement_lib, methods/weak/weak_vae.py (`GroupVAEArgmax`).
"""

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.objectives.gaussian import gaussian_kl, sample_gaussian


@gin.register
class AdaGVAE(BetaVAE):
    """The mean over both images of a pair of E[-log p(x|c)] + beta * KL, c from posteriors that the pair partly shares.

    It trains on batches with a "partner" of every "image", of a dataset such as `data.pairs.Pairs`. The arguments are
    those of `BetaVAE`.
    """

    meanings = {**BetaVAE.meanings, "shared": "dimensions of the code that the images of a pair are taken to share"}
    reads = {"partner": "pairs of images that share factors (train.dataset = @Pairs(), gin/data/dsprites_pairs.gin)"}

    def train_step(self, batch, seed):
        image = tf.concat([batch["image"], batch["partner"]], axis=0)
        with tf.GradientTape() as tape:
            mean, logvar, shared = share(*self.encoder(image, training=True))
            halves = zip(tf.split(mean, 2), tf.split(logvar, 2), noise.split(seed, 2), strict=True)
            c = tf.concat([sample_gaussian(*half) for half in halves], axis=0)
            nll = tf.reduce_mean(self.nll(image, self.decoder(c, training=True)))
            kl = tf.reduce_mean(gaussian_kl(mean, logvar))
            cost, terms = self.code_cost(c, mean, logvar, kl)
            loss = nll + cost
        self.minimize("vae", loss, tape)
        dimensions = tf.reduce_mean(tf.reduce_sum(tf.cast(shared, tf.float32), axis=-1))
        return {"loss": loss, "nll": nll, "kl": kl, "shared": dimensions, **terms}


def share(mean, logvar):
    """Posteriors of pairs, in which the dimensions that the two images share have one average posterior.

    A dimension is shared where KL(q(c_d|x1) || q(c_d|x2)) is below the middle between the smallest and the largest of
    the dimensions; the average has the mean of the means and of the variances (GVAE).

    Args:
        mean, logvar: [2B, D], the first images of all pairs, then the second ones.

    Returns:
        (mean [2B, D], logvar [2B, D], shared [B, D] of bool).
    """
    (mean1, mean2), (logvar1, logvar2) = tf.split(mean, 2), tf.split(logvar, 2)
    variance1, variance2 = tf.exp(logvar1), tf.exp(logvar2)
    kl = 0.5 * ((variance1 + tf.square(mean2 - mean1)) / variance2 - 1.0 + logvar2 - logvar1)
    middle = 0.5 * (tf.reduce_min(kl, axis=-1, keepdims=True) + tf.reduce_max(kl, axis=-1, keepdims=True))
    shared = kl < middle
    both = tf.concat([shared, shared], axis=0)
    average = tf.tile(0.5 * (mean1 + mean2), [2, 1]), tf.tile(tf.math.log(0.5 * (variance1 + variance2)), [2, 1])
    return tf.where(both, average[0], mean), tf.where(both, average[1], logvar), shared
