"""The label-relevant / irrelevant VAE: zs says which class an image shows, zu how.

Zheng & Sun, "Disentangling Latent Space for VAE by Label Relevant/Irrelevant Dimensions", CVPR 2019.
"""

import math

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require, require_flag, require_number
from idgan_tf.methods.base import Method, Player
from idgan_tf.methods.cvae import CVAE
from idgan_tf.methods.label_faces import LabelFaces
from idgan_tf.networks.ranges import signed
from idgan_tf.objectives.adversarial import require_game
from idgan_tf.objectives.gaussian import gaussian_code_nll, sample_gaussian
from idgan_tf.objectives.label_relevant import l_adv_c, l_adv_e, l_cls, l_kl, l_lkd, l_rec
from idgan_tf.objectives.weights import product, require_weights


@gin.register
class LabelRelevantVAE(LabelFaces, Method):
    """Algorithm 1: `n_gm` steps of the Gaussian-mixture loss, then one joint step of all players.

    L_rec is the mean squared error over the values of images in [-1, 1], L_kl the mean over the dimensions of zu: so
    `lambda_rec` 10 and `lambda_kl` 1 are the released code's weights, which the paper prints interchanged.

    Every step of the mixture sees a fresh batch, as printed: the batch is dealt out in `n_gm` + 1 parts, so
    `train.batch_size` is `n_gm` + 1 times the batch of the paper.

    Args:
        encoder_s: image in [-1, 1] -> zs [B, Ds].
        encoder_u: image -> (mean, logvar) of q(zu|x), each [B, Du].
        decoder: [zs, zu] -> image in [-1, 1].
        mixture: the prior of zs, a `GaussianMixture`.
        latent_classifier: zu -> class logits [B, C].
        discriminator: (image, one-hot label) -> logit [B], or None to train without the adversary on pixels.
        optimizer: constructor of the optimizers of all players but one.
        spread_optimizer: of the variances of the mixture, whose rate decays.
        n_gm: steps of the mixture per joint step, >= 0.
        latent_steps: steps of the latent classifier per joint step, >= 1; Algorithm 1 has one. The others come
            before the joint step, each on new draws of zu for the images of the mixture's steps. With one it lags
            behind an Encoder_u that moves, and zu keeps what it has not found yet (docs/label_relevant_vae.md).
        lambda_lkd: weight of L_lkd in L_GM, >= 0: a number, or a schedule of the step, as all weights.
        lambda_kl, lambda_rec: weights of L_kl and of L_rec, >= 0.
        game: the adversarial loss, an `objectives.adversarial.Game`.
        random_labels: images that the discriminator sees are imagined of classes drawn anew, not of the batch's.
        lambda_adv: weight of L_advE, >= 0; Algorithm 1 has 1.
        lambda_lkd_joint: weight of L_lkd in the joint step, >= 0; by default the released code's, `lambda_rec` times
            `lambda_lkd`. Line 25 of Algorithm 1 has `lambda_lkd`.
    """

    meanings = {"zs_accuracy": "share of images whose class zs tells", **CVAE.meanings}
    owners = {"rec": "decoder", "kl_mean": "encoder_u", "adv_e": "encoder_u", "adv_c": "latent_classifier"}
    moving = ("encoder_s", "class_means", "encoder_u", "latent_classifier", "decoder", "discriminator")

    def __init__(
        self,
        encoder_s,
        encoder_u,
        decoder,
        mixture,
        latent_classifier,
        discriminator,
        optimizer,
        spread_optimizer,
        n_gm,
        lambda_lkd,
        lambda_kl,
        lambda_rec,
        game,
        random_labels=False,
        latent_steps=1,
        lambda_adv=1.0,
        lambda_lkd_joint=None,
    ):
        judges = {"discriminator": discriminator} if discriminator is not None else {}
        coders = {"encoder_s": encoder_s, "encoder_u": encoder_u, "decoder": decoder}
        super().__init__(**coders, mixture=mixture, latent_classifier=latent_classifier, **judges)
        weights = {"lambda_lkd": lambda_lkd, "lambda_kl": lambda_kl, "lambda_rec": lambda_rec, "lambda_adv": lambda_adv}
        lambda_lkd_joint = product(lambda_rec, lambda_lkd) if lambda_lkd_joint is None else lambda_lkd_joint
        require_weights("LabelRelevantVAE", **weights, lambda_lkd_joint=lambda_lkd_joint)
        require_number("LabelRelevantVAE.n_gm", n_gm, minimum=0, integer=True)
        require_number("LabelRelevantVAE.latent_steps", latent_steps, minimum=1, integer=True)
        require(latent_steps == 1 or n_gm, "LabelRelevantVAE.latent_steps above 1 takes the images of n_gm, which is 0")
        require_game("LabelRelevantVAE.game", game)
        require_flag("LabelRelevantVAE.random_labels", random_labels)
        self.n_gm, self.game, self.random_labels, self.latent_steps = n_gm, game, random_labels, latent_steps
        self.lambda_lkd, self.lambda_kl, self.lambda_rec = lambda_lkd, lambda_kl, lambda_rec
        self.lambda_adv, self.lambda_lkd_joint = lambda_adv, lambda_lkd_joint
        self.num_classes = mixture.config["num_classes"]
        self.zs_dim, self.zu_dim = mixture.config["dim"], encoder_u.config["latent_dim"]
        self.image_shape, self.code_dim = decoder.config["image_shape"], self.zs_dim + self.zu_dim
        movable = {**self.networks, **mixture.parts}
        self.player_optimizers = {name: optimizer() for name in self.moving if name in movable}
        if spread_optimizer is not None:
            self.player_optimizers["class_spreads"] = spread_optimizer

    @property
    def players(self):
        movable = {**self.networks, **self.mixture.parts}
        updates = {"encoder_s": self.n_gm + 1, "latent_classifier": self.latent_steps}
        updates |= {"class_means": self.n_gm, "class_spreads": self.n_gm}
        given = self.player_optimizers.items()
        return {name: Player([movable[name]], optimizer, updates.get(name, 1)) for name, optimizer in given}

    def train_step(self, batch, seed):
        """Lines 2 to 29 of Algorithm 1."""
        image, label = signed(batch["image"]), batch["label"]
        parts = self.n_gm + 1
        require(
            image.shape[0] % parts == 0,
            f"train.batch_size per device must be a multiple of n_gm + 1 = {parts}, got {image.shape[0]}",
        )
        grouped, means = [tf.reshape(whole, [-1, parts, *whole.shape[1:]]) for whole in (image, label)], {}
        for i in range(self.n_gm):
            means = self.mixture_step(*(group[:, i] for group in grouped))
        if self.latent_steps > 1:  # rows as they come, so that replicas' are those of one device, and their noise is
            images, labels = (tf.reshape(group[:, :-1], [-1, *group.shape[2:]]) for group in grouped)
            self.further_latent_steps(images, labels, seed)
        images, labels = (group[:, -1] for group in grouped)
        return {**means, **self.joint_step(images, labels, seed)}

    def mixture_step(self, image, label):
        """Lines 3 to 8: Encoder_s and the mixture descend on L_GM."""
        with tf.GradientTape() as tape:
            log_density = self.mixture(self.encoder_s(image, training=True))  # line 4
            loss, cls = self.l_gm(log_density, label)
        self.minimize(("encoder_s", "class_means", "class_spreads"), loss, tape)
        guess = tf.argmax(log_density, axis=-1, output_type=label.dtype)
        return {"gm_loss": loss, "cls": cls, "zs_accuracy": tf.reduce_mean(tf.cast(guess == label, tf.float32))}

    def further_latent_steps(self, image, label, seed):
        """What the latent classifier learns before the joint step, while Encoder_u rests: line 27, again and again."""
        mean, logvar = self.encoder_u(image, training=True)
        for i in range(self.latent_steps - 1):
            with tf.GradientTape() as tape:
                zu = sample_gaussian(mean, logvar, noise.fold(seed, 2, i))
                adv_c = l_adv_c(self.log_q(zu), label)
            self.minimize("latent_classifier", adv_c, tape)

    def joint_step(self, image, label, seed):
        """Lines 10 to 29: every player on its own loss, all from one forward pass."""
        seed_u, seed_prior = noise.split(seed, 2)
        with tf.GradientTape(persistent=True) as tape:
            zs = self.encoder_s(image, training=True)  # line 17
            lkd = tf.reduce_mean(l_lkd(self.mixture(zs), label))
            mean, logvar = self.encoder_u(image, training=True)  # line 11
            zu = sample_gaussian(mean, logvar, seed_u)
            kl = l_kl(mean, logvar)
            log_q = self.log_q(zu)
            adv_c, adv_e = l_adv_c(log_q, label), l_adv_e(log_q)
            rebuilt = self.decoder(tf.concat([zs, zu], axis=-1), training=True)  # line 19
            rec = l_rec(image, rebuilt)
            adv_d, adv_gd = self.play(image, rebuilt, label, seed_prior)
            rebuilding = self.now(self.lambda_rec) * rec
            coding = rebuilding + self.now(self.lambda_lkd_joint) * lkd + self.now(self.lambda_adv) * adv_e
            coding += self.now(self.lambda_kl) * kl
            drawing = rebuilding + adv_gd
        self.minimize("latent_classifier", adv_c, tape)  # line 27
        means = {"rec": rec, "kl_mean": kl, "lkd": lkd, "adv_e": adv_e, "adv_c": adv_c}
        return {**means, **self.descend(coding, drawing, adv_d, tape)}

    def log_q(self, zu):
        """log q_w(c|zu) of zu [B, Du] for every class, [B, C]: what the latent classifier says."""
        return tf.nn.log_softmax(self.latent_classifier(zu, training=True))

    def l_gm(self, log_density, label):
        """(L_GM, L_cls), means over log N(zs; mu_c, Sigma_c) [B, C] of labels [B] (line 5, Eq. 9)."""
        lkd = l_lkd(log_density, label)
        cls = l_cls(log_density, lkd)
        return tf.reduce_mean(cls + self.now(self.lambda_lkd) * lkd), tf.reduce_mean(cls)

    def play(self, image, rebuilt, label, seed):
        """(L_advD, L_advGD) of real, rebuilt and imagined images; zeros without a discriminator (lines 21 to 24).

        Beside images without a label, -1, imagined ones show theirs no more than those do.
        """
        if "discriminator" not in self.networks:
            return tf.zeros([]), tf.zeros([])
        seed_s, seed_u, seed_label = noise.split(seed, 3)
        imagined_label = noise.integers(label.shape, self.num_classes, seed_label) if self.random_labels else label
        zs = self.mixture.sample(imagined_label, noise.normal([image.shape[0], self.zs_dim], seed_s))
        zu = noise.normal([image.shape[0], self.zu_dim], seed_u)
        imagined = self.decoder(tf.concat([zs, zu], axis=-1), training=True)
        images = tf.concat([image, rebuilt, imagined], axis=0)
        shown = tf.where(label < 0, label, imagined_label)
        labels = tf.one_hot(tf.concat([label, label, shown], axis=0), self.num_classes)
        real, *fakes = tf.split(self.discriminator(images, labels, training=True), 3)
        return self.l_adv_d(real, fakes), self.l_adv_gd(fakes)

    def l_adv_d(self, real, fakes):
        """L_advD of logits [B] of real images, and of rebuilt and imagined ones (line 23)."""
        return tf.reduce_mean(self.game.real(real) + sum(self.game.fake(logit) for logit in fakes))

    def l_adv_gd(self, fakes):
        """L_advGD of logits [B] of rebuilt and imagined images (line 24)."""
        return tf.reduce_mean(sum(self.game.fool(logit) for logit in fakes))

    def descend(self, coding, drawing, judging, tape):
        """Lines 25, 26, 28 and 29: the encoders, the decoder and the discriminator; reports the losses of the game.

        `coding` has the terms of both encoders. L_lkd does not depend on Encoder_u, L_kl and L_advE not on
        Encoder_s, and none of them on the decoder: so each hears its own, from one way back through the decoder.
        """
        if "discriminator" not in self.players:  # then `drawing` is L_rec, the only term of `coding` that it moves
            self.minimize(("encoder_s", "encoder_u", "decoder"), coding, tape)
            return {}
        self.minimize(("encoder_s", "encoder_u"), coding, tape)
        self.minimize("decoder", drawing, tape)
        self.minimize("discriminator", judging, tape)
        return {"discriminator_loss": judging, "decoder_loss": drawing}


@gin.register
class UnlabelledLabelVAE(LabelRelevantVAE):
    """Fine-tuning on images without labels (section 3.6).

    L_GM, L_advE and L_advC need labels and are dropped, so the mixture and the latent classifier rest; D gets no label.

    Args:
        teacher: {"teacher_<name>": network}, the networks of a trained `LabelRelevantVAE`.
        optimizer, lambda_kl, lambda_rec, game: as there.
        lambda_lkd: weight of L_lkd relative to L_rec, as in the released code's joint step, >= 0.
        known_classes: the images are of the classes of the labelled ones, and zs follows their mixture, Eq. 6;
            otherwise they are of others, and zs follows the Gaussian of Eq. 11.
    """

    needs_classes = False
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
            coding = rebuilding + self.now(self.lambda_lkd_joint) * lkd + self.now(self.lambda_kl) * kl
            drawing = rebuilding + adv_gd
        return {"rec": rec, "kl_mean": kl, "lkd": lkd, **self.descend(coding, drawing, adv_d, tape)}

    def log_prior(self, zs):
        """log p(zs) [B] of zs [B, Ds] of images whose class is not given."""
        if self.known_classes:
            return tf.reduce_logsumexp(self.mixture(zs), axis=-1) - math.log(self.num_classes)
        mean, variance = self.mixture.total()
        return -gaussian_code_nll(zs, mean, tf.math.log(variance))
