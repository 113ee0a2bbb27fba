"""cVAE-GAN: a cVAE whose decoder also matches the features of a discriminator and of a classifier.

Bao et al., "CVAE-GAN: Fine-Grained Image Generation through Asymmetric Training", ICCV 2017, arXiv:1703.10155.
Zheng & Sun, "Disentangling Latent Space for VAE by Label Relevant/Irrelevant Dimensions", CVPR 2019, compare with it
(section 4.2) and give no more than that its decoder reads z beside the one-hot label: networks and weights follow
`LabelRelevantVAE`.
"""

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.methods.base import Player
from idgan_tf.methods.cvae import CVAE
from idgan_tf.networks.ranges import signed
from idgan_tf.objectives.adversarial import fake_loss, real_loss
from idgan_tf.objectives.weights import require_weights
from idgan_tf.replicas import all_rows


@gin.register
class CVAEGAN(CVAE):
    """cVAE-GAN: a cVAE whose decoder also matches the features of a discriminator and of a classifier.

    Bao et al., "CVAE-GAN", ICCV 2017, asymmetric training: D and the classifier see their own
    cross-entropies, the decoder L_G + L_GD + L_GC, the encoder L_KL + L_G. Feature means are those of the
    batch (of all devices), per class for L_GC, where the paper keeps running ones.

    Args:
        encoder, decoder, optimizer, num_classes, lambda_kl: as for `CVAE`.
        discriminator: image in [-1, 1] -> logit [B], with `features`.
        classifier: image -> class logits [B, C], with `features`.
        lambda_rec: weight of the pairwise match L_G of images and of both features, as all weights >= 0: a number, or
            a schedule of the step.
        lambda_gd, lambda_gc: weights of the match of mean features of D and of the classifier.
    """

    owners = {"gd": "decoder", "gc": "decoder"}

    def __init__(
        self,
        encoder,
        decoder,
        discriminator,
        classifier,
        optimizer,
        num_classes,
        lambda_kl,
        lambda_rec,
        lambda_gd,
        lambda_gc,
    ):
        judges = {"discriminator": discriminator, "classifier": classifier}
        super().__init__(encoder, decoder, optimizer, num_classes, lambda_kl, lambda_rec, **judges)
        require_weights("CVAEGAN", lambda_gd=lambda_gd, lambda_gc=lambda_gc)
        self.lambda_gd, self.lambda_gc = lambda_gd, lambda_gc
        self.judge_optimizers = [optimizer(), optimizer(), optimizer()]

    @property
    def players(self):
        decoder, discriminator, classifier = self.judge_optimizers
        return {
            "encoder": Player([self.encoder], self.vae_optimizer),
            "decoder": Player([self.decoder], decoder),
            "discriminator": Player([self.discriminator], discriminator),
            "classifier": Player([self.classifier], classifier),
        }

    def train_step(self, batch, seed):
        image, label = signed(batch["image"]), batch["label"]
        seed_z, seed_prior = noise.split(seed, 2)
        with tf.GradientTape(persistent=True) as tape:
            rebuilt, kl = self._rebuild(image, label, seed_z)
            z = noise.normal([image.shape[0], self.z_dim], seed_prior)
            imagined = self._draw(label, z, training=True)
            images = tf.concat([image, rebuilt, imagined], axis=0)
            f_d = self.discriminator.features(images, training=True)
            real, *fakes = tf.split(self.discriminator.read(f_d, training=True), 3)
            adversarial = tf.reduce_mean(real_loss(real) + fake_loss(fakes[0]) + fake_loss(fakes[1]))
            f_c = [self.classifier.features(x, training=True) for x in (image, rebuilt, imagined)]
            class_loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(label, self.classifier.read(f_c[0]))
            )
            f_d = tf.split(f_d, 3)
            rec = tf.reduce_mean(tf.square(image - rebuilt))
            pair = rec + squared_distance(f_d[0], f_d[1]) + squared_distance(f_c[0], f_c[1])
            l_gd = squared_distance(*(tf.reduce_mean(all_rows(f), axis=0) for f in (f_d[0], f_d[2])))
            labels = all_rows(label)
            l_gc = squared_distance(*(class_means(all_rows(f), labels, self.num_classes) for f in (f_c[0], f_c[2])))
            rebuilding = self.now(self.lambda_rec) * pair
            encoder_loss = self.now(self.lambda_kl) * kl + rebuilding
            matching = self.now(self.lambda_gd) * l_gd + self.now(self.lambda_gc) * l_gc
            both = encoder_loss + matching
        # the KL does not depend on the decoder, nor the images of prior codes, which are matched, on the encoder
        self.minimize(("encoder", "decoder"), both, tape)
        self.minimize("discriminator", adversarial, tape)
        self.minimize("classifier", class_loss, tape)
        return {
            "rec": rec,
            "kl_mean": kl,
            "gd": l_gd,
            "gc": l_gc,
            "encoder_loss": encoder_loss,
            "decoder_loss": rebuilding + matching,
            "discriminator_loss": adversarial,
            "classifier_loss": class_loss,
        }


def squared_distance(a, b):
    """Mean over all values of (a - b)^2."""
    return tf.reduce_mean(tf.square(a - b))


def class_means(features, label, num_classes):
    """Mean features [C, F] of each class's rows of [B, F]; zero for a class without rows."""
    one_hot = tf.one_hot(label, num_classes, axis=0)
    return tf.matmul(one_hot, features) / tf.maximum(tf.reduce_sum(one_hot, axis=1, keepdims=True), 1.0)
