"""What the label-relevant / irrelevant VAE is compared with: cVAE, cVAE-GAN and a GAN with label projection.

The decoder or generator of all three reads z ~ N(0, I) beside the one-hot label (section 4.2). The paper
gives no more: networks and weights follow `LabelRelevantVAE`.
"""

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require, require_number
from idgan_tf.methods.base import Method, Player
from idgan_tf.methods.label_faces import complete, corrupt
from idgan_tf.objectives.adversarial import GAMES
from idgan_tf.objectives.gaussian import gaussian_kl_per_dimension, sample_gaussian
from idgan_tf.replicas import all_rows


class _Labelled(Method):
    """A decoder of [z, one-hot label], `image_shape`, `num_classes` and `z_dim`."""

    @property
    def image_shape(self):
        return self._decoder().config["image_shape"]

    def _decoder(self):
        raise NotImplementedError

    def _draw(self, label, z, training=False):
        """Images in [-1, 1] of labels [B] and z [B, D]."""
        code = tf.concat([z, tf.one_hot(label, self.num_classes)], axis=-1)
        return self._decoder()(code, training=training)

    def generate_class(self, label, seed):
        """Images [B, H, W, C] in [0, 1] of classes [B], z ~ N(0, I)."""
        label = tf.convert_to_tensor(label, tf.int32)
        return 0.5 * (self._draw(label, noise.normal([label.shape[0], self.z_dim], seed)) + 1.0)

    def sample(self, batch, seed):
        """One image of the class of each image of a batch."""
        return self.generate_class(batch["label"], seed)

    def signatures(self):
        """generate_class(label, z)."""
        inputs = [
            tf.TensorSpec([None], tf.int32, "label"),
            tf.TensorSpec([None, self.z_dim], tf.float32, "z"),
        ]
        return {"generate_class": (lambda label, z: 0.5 * (self._draw(label, z) + 1.0), inputs)}


@gin.register
class CVAE(_Labelled):
    """Minimises lambda_rec * L_rec + lambda_kl * KL(q(z|x, y) || N(0, I)), in the means of
    `LabelRelevantVAE`.

    Args:
        encoder: (image in [-1, 1], one-hot label) -> (mean, logvar) of q(z|x, y), each [B, D].
        decoder: [z, one-hot label] -> image in [-1, 1].
        optimizer: constructor of the optimizer of each player.
        num_classes: C.
        lambda_kl, lambda_rec: weights of the two terms, >= 0.
    """

    def __init__(self, encoder, decoder, optimizer, num_classes, lambda_kl, lambda_rec, **networks):
        super().__init__(encoder=encoder, decoder=decoder, **networks)
        for name, value in {"lambda_kl": lambda_kl, "lambda_rec": lambda_rec}.items():
            require_number(f"{type(self).__name__}.{name}", value, minimum=0)
        self.num_classes, self.z_dim = num_classes, encoder.config["latent_dim"]
        self.lambda_kl, self.lambda_rec = lambda_kl, lambda_rec
        self.vae_optimizer = optimizer()

    @property
    def players(self):
        return {"vae": Player([self.encoder, self.decoder], self.vae_optimizer)}

    def train_step(self, batch, seed):
        image, label = 2.0 * batch["image"] - 1.0, batch["label"]
        with tf.GradientTape() as tape:
            rebuilt, kl = self._rebuild(image, label, seed)
            rec = tf.reduce_mean(tf.square(image - rebuilt))
            loss = self.lambda_rec * rec + self.lambda_kl * kl
        self.minimize("vae", loss, tape)
        return {"loss": loss, "rec": rec, "kl_mean": kl}

    def _rebuild(self, image, label, seed):
        """(image through encoder and decoder, mean KL of a dimension)."""
        mean, logvar = self.encoder(image, tf.one_hot(label, self.num_classes), training=True)
        rebuilt = self._draw(label, sample_gaussian(mean, logvar, seed), training=True)
        return rebuilt, tf.reduce_mean(gaussian_kl_per_dimension(mean, logvar))

    def _decoder(self):
        return self.decoder

    def reconstruct(self, image, label):
        """image [B, H, W, C] in [0, 1] and its class [B] -> the image of its mean code."""
        mean, _ = self.encoder(2.0 * image - 1.0, tf.one_hot(label, self.num_classes))
        return 0.5 * (self._draw(label, mean) + 1.0)

    def inpaint(self, image, mask, label):
        """As `LabelFaces.inpaint`, but the class [B] must be given (section 4.5)."""
        return complete(image, self.reconstruct(corrupt(image, mask), label), mask)


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
        lambda_rec: weight of the pairwise match L_G of images and of both features.
        lambda_gd, lambda_gc: weights of the match of mean features of D and of the classifier.
    """

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
        for name, value in {"lambda_gd": lambda_gd, "lambda_gc": lambda_gc}.items():
            require_number(f"CVAEGAN.{name}", value, minimum=0)
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
        image, label = 2.0 * batch["image"] - 1.0, batch["label"]
        seed_z, seed_prior = noise.split(seed, 2)
        with tf.GradientTape(persistent=True) as tape:
            rebuilt, kl = self._rebuild(image, label, seed_z)
            z = noise.normal([image.shape[0], self.z_dim], seed_prior)
            imagined = self._draw(label, z, training=True)
            images = tf.concat([image, rebuilt, imagined], axis=0)
            f_d = self.discriminator.features(images, training=True)
            real, *fakes = tf.split(self.discriminator.read(f_d, training=True), 3)
            log = GAMES["log"]
            adversarial = tf.reduce_mean(log.real(real) + log.fake(fakes[0]) + log.fake(fakes[1]))
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
            encoder_loss = self.lambda_kl * kl + self.lambda_rec * pair
            matching = self.lambda_gd * l_gd + self.lambda_gc * l_gc
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
            "decoder_loss": self.lambda_rec * pair + matching,
            "discriminator_loss": adversarial,
            "classifier_loss": class_loss,
        }


@gin.register
class LabelCGAN(_Labelled):
    """A GAN with label projection in its discriminator (Miyato & Koyama 2018).

    Args:
        generator: [z, one-hot label] -> image in [-1, 1].
        discriminator: (image, one-hot label) -> logit [B].
        optimizer: constructor of the optimizer of each player.
        num_classes: C.
        z_dim: D.
        game: "log" or "hinge".
    """

    def __init__(self, generator, discriminator, optimizer, num_classes, z_dim, game):
        super().__init__(generator=generator, discriminator=discriminator)
        require(game in GAMES, f"LabelCGAN.game must be one of {', '.join(GAMES)}, got {game!r}")
        self.num_classes, self.z_dim, self.game = num_classes, z_dim, GAMES[game]
        self.generator_optimizer, self.discriminator_optimizer = optimizer(), optimizer()

    @property
    def players(self):
        return {
            "discriminator": Player([self.discriminator], self.discriminator_optimizer),
            "generator": Player([self.generator], self.generator_optimizer),
        }

    def train_step(self, batch, seed):
        image, label = 2.0 * batch["image"] - 1.0, batch["label"]
        one_hot = tf.one_hot(label, self.num_classes)
        with tf.GradientTape(persistent=True) as tape:
            fake = self._draw(label, noise.normal([image.shape[0], self.z_dim], seed), training=True)
            logits = self.discriminator(tf.concat([image, fake], axis=0), tf.tile(one_hot, [2, 1]), training=True)
            real_logit, fake_logit = tf.split(logits, 2)
            discriminator_loss = tf.reduce_mean(self.game.real(real_logit) + self.game.fake(fake_logit))
            generator_loss = tf.reduce_mean(self.game.fool(fake_logit))
        self.minimize("discriminator", discriminator_loss, tape)
        self.minimize("generator", generator_loss, tape)
        return {
            "discriminator_loss": discriminator_loss,
            "generator_loss": generator_loss,
            "real_logit": tf.reduce_mean(real_logit),
            "fake_logit": tf.reduce_mean(fake_logit),
        }

    def _decoder(self):
        return self.generator


def squared_distance(a, b):
    """Mean over all values of (a - b)^2."""
    return tf.reduce_mean(tf.square(a - b))


def class_means(features, label, num_classes):
    """Mean features [C, F] of each class's rows of [B, F]; zero for a class without rows."""
    one_hot = tf.one_hot(label, num_classes, axis=0)
    return tf.matmul(one_hot, features) / tf.maximum(tf.reduce_sum(one_hot, axis=1, keepdims=True), 1.0)
