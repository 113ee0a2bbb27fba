"""InfoGAN-CR: an InfoGAN whose dimensions of the code can be told apart in pairs of images that share one.

Lin et al., "InfoGAN-CR and ModelCentrality", ICML 2020, arXiv:1906.06034; as in fjxmlzn/InfoGAN-CR,
InfoGAN-CR_dSprites, on the InfoGAN of `infogan`.
"""

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require
from idgan_tf.methods.base import Player
from idgan_tf.methods.infogan import InfoGAN
from idgan_tf.objectives.weights import require_weights


@gin.register
class InfoGANCR(InfoGAN):
    """min_{G,q,H} max_D L_GAN - lambda_info * I + alpha * L_c, L_c the cross-entropy of H on pairs of images.

    A pair (G(s, c1), G(s, c2)) shares the nuisance s and one dimension k of the code; the others are drawn twice. H
    tells k from the two images. It learns from L_c whatever alpha is, as in the released code, whose gap between the
    other dimensions is 0 on dSprites and left out here.

    Args:
        contrast: H, two images [B, H, W, 2C] in [-1, 1], channel by channel -> logits [B, D] of "they share c_d".
        contrast_optimizer: of it.
        alpha: weight of L_c for the generator, >= 0: a number, or a schedule of the step.
        **infogan: the arguments of `InfoGAN`.
    """

    meanings = {
        **InfoGAN.meanings,
        "contrast": "nats it costs to say which dimension two images share",
        "shared_found": "share of the pairs of which that is said rightly",
    }

    def __init__(self, contrast, contrast_optimizer, alpha, **infogan):
        require_weights("InfoGANCR", alpha=alpha)
        super().__init__(contrast=contrast, **infogan)
        require(
            self.code_dim >= 2, f"InfoGANCR needs a code of at least 2 dimensions to tell apart, got {self.code_dim}"
        )
        reads, tells = tuple(contrast.config["image_shape"]), contrast.config["outputs"]
        pair_shape = (*self.image_shape[:2], 2 * self.image_shape[2])
        require(
            reads == pair_shape and tells == self.code_dim,
            f"InfoGANCR.contrast must tell {self.code_dim} dimensions apart in images of {pair_shape}, "
            f"got {tells} in {reads}",
        )
        self.contrast_optimizer, self.alpha = contrast_optimizer, alpha

    @property
    def players(self):
        return {**super().players, "contrast": Player([self.contrast], self.contrast_optimizer)}

    def train_step(self, batch, seed):
        """One step of H, then one of D, then one of G and q."""
        seed_pairs, seed_gan = noise.split(seed, 2)
        images, shared = self.pairs(batch["image"].shape[0], seed_pairs)
        with tf.GradientTape() as tape:
            loss, found = self.contrast_cost(tf.stop_gradient(images), shared)
        self.minimize("contrast", loss, tape)
        return {**super().train_step(batch, seed_gan), "contrast": loss, "shared_found": found}

    def pairs(self, count, seed):
        """(`count` pairs of images [B, H, W, 2C] in [-1, 1], the dimension [B] that each shares)."""
        seed_k, seed_1, seed_2, seed_s = noise.split(seed, 4)
        shared = noise.integers([count], self.code_dim, seed_k)
        here = tf.one_hot(shared, self.code_dim)
        c1, c2 = self.sample_prior(count, seed_1), self.sample_prior(count, seed_2)
        c2 = here * c1 + (1.0 - here) * c2
        latents = tf.concat([self.latent(c1, seed_s), self.latent(c2, seed_s)], axis=0)
        return tf.concat(tf.split(self.generator(latents, training=True), 2), axis=-1), shared

    def contrast_cost(self, images, shared):
        """(L_c, the share of pairs that H tells rightly) of `pairs`."""
        logits = self.contrast(images, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(shared, logits))
        hits = tf.argmax(logits, axis=-1, output_type=tf.int32) == shared
        return loss, tf.reduce_mean(tf.cast(hits, tf.float32))

    def generator_cost(self, c, fake, seed):
        """G's and q's side of L_GAN - lambda_info * I + alpha * L_c, without the constant H(c)."""
        seed_gan, seed_pairs = noise.split(seed, 2)
        loss, terms = super().generator_cost(c, fake, seed_gan)
        contrast, _ = self.contrast_cost(*self.pairs(c.shape[0], seed_pairs))
        return loss + self.now(self.alpha) * contrast, terms
