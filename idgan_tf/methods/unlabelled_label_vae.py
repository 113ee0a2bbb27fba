"""The label-relevant / irrelevant VAE goes on with images whose class nobody has told.

Zheng & Sun, "Disentangling Latent Space for VAE by Label Relevant/Irrelevant Dimensions", CVPR 2019, section 3.6.
"""

import math

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require_flag
from idgan_tf.methods.cvae import CVAE
from idgan_tf.methods.label_relevant_vae import LabelRelevantVAE, l_kl, l_rec
from idgan_tf.networks.ranges import signed
from idgan_tf.objectives.gaussian import gaussian_nll, sample_gaussian


@gin.register
class UnlabelledLabelVAE(LabelRelevantVAE):
    """Fine-tuning on images without labels (section 3.6).

    L_GM, L_advE and L_advC need labels and are dropped, so the mixture and the latent classifier rest. The
    discriminator is given no label.

    Args:
        teacher: {"teacher_<name>": network}, the networks of a trained `LabelRelevantVAE`.
        optimizer, lambda_kl, lambda_rec, game: as there.
        lambda_lkd: weight of L_lkd relative to L_rec, as in the released code's joint step, >= 0.
        known_classes: the images are of the classes of the labelled ones, and zs follows their mixture, Eq. 6;
            otherwise they are of others, and zs follows the Gaussian of Eq. 11.
    """

    meanings = CVAE.meanings
    owners = {"rec": "decoder", "kl_mean": "encoder_u"}
    moving = ("encoder_s", "encoder_u", "decoder", "discriminator")

    def __init__(self, teacher, optimizer, lambda_lkd, lambda_kl, lambda_rec, game, known_classes=False):
        require_flag("UnlabelledLabelVAE.known_classes", known_classes)
        networks = {name.removeprefix("teacher_"): network for name, network in teacher.items()}
        super().__init__(
            **{"discriminator": None, **networks},
            optimizer=optimizer,
            spread_optimizer=None,
            n_gm=0,
            lambda_lkd=lambda_lkd,
            lambda_kl=lambda_kl,
            lambda_rec=lambda_rec,
            game=game,
            random_labels=known_classes,
        )
        self.known_classes = known_classes

    def train_step(self, batch, seed):
        image = signed(batch["image"])
        unknown = tf.fill([image.shape[0]], -1)
        seed_u, seed_prior = noise.split(seed, 2)
        with tf.GradientTape(persistent=True) as tape:
            zs = self.encoder_s(image, training=True)
            lkd = -tf.reduce_mean(self.log_prior(zs))
            mean, logvar = self.encoder_u(image, training=True)
            kl = l_kl(mean, logvar)
            zu = sample_gaussian(mean, logvar, seed_u)
            rebuilt = self.decoder(tf.concat([zs, zu], axis=-1), training=True)
            rec = l_rec(image, rebuilt)
            adv_d, adv_gd = self.play(image, rebuilt, unknown, seed_prior)
            rebuilding = self.now(self.lambda_rec) * rec
            coding = rebuilding + self.weight_of_lkd() * lkd + self.now(self.lambda_kl) * kl
            drawing = rebuilding + adv_gd
        return {"rec": rec, "kl_mean": kl, "lkd": lkd, **self.descend(coding, drawing, adv_d, tape)}

    def log_prior(self, zs):
        """log p(zs) [B] of zs [B, Ds] of images whose class is not given."""
        if self.known_classes:
            return tf.reduce_logsumexp(self.mixture(zs), axis=-1) - math.log(self.num_classes)
        mean, variance = self.mixture.total()
        return -gaussian_nll(zs, mean, tf.math.log(variance))
