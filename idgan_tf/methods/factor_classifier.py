"""The feature network of a dSprites FID: a classifier of the true factors.

Lee et al., "High-Fidelity Synthesis with Disentangled Representation", ECCV 2020, measure the FID of dSprites
and its variants on such a network, and do not describe it. Here: their encoder's trunk (Table A.2), a softmax
head for every factor, cross-entropy. So absolute values compare within this project only.
"""

import gin
import tensorflow as tf

from idgan_tf.methods.base import Method, Player
from idgan_tf.methods.signatures import Signature, image


@gin.register
class FactorClassifier(Method):
    """Minimises the sum of the factors' cross-entropies.

    A factor's class is taken modulo the size of its head: with 39 classes the orientations 0 and 39 of
    dSprites, which are one angle, share a label. Squares and ellipses look nearly alike at several more, which
    makes the orientation the last factor to be learnt (96 % after 28,000 steps).

    Args:
        classifier: image [B, H, W, C] -> (features [B, F], [logits [B, size] of every factor]).
        optimizer: of it.
    """

    reads = {"factors": "known factors"}

    def __init__(self, classifier, optimizer):
        super().__init__(classifier=classifier)
        self.optimizer_of_classifier = optimizer
        self.image_shape = classifier.config["image_shape"]

    @property
    def players(self):
        return {"classifier": Player([self.classifier], self.optimizer_of_classifier)}

    def train_step(self, batch, seed):
        del seed  # nothing random
        with tf.GradientTape() as tape:
            _, logits = self.classifier(batch["image"], training=True)
            labels = labels_of(batch["factors"], logits)
            losses = [
                tf.nn.sparse_softmax_cross_entropy_with_logits(label, logit)
                for label, logit in zip(labels, logits, strict=True)
            ]
            loss = tf.reduce_mean(tf.add_n(losses))
        self.minimize("classifier", loss, tape)
        correct = {f"accuracy_{k}": tf.reduce_mean(hit) for k, hit in enumerate(hits(labels, logits))}
        return {"loss": loss, **correct}

    def signatures(self):
        """classify(image): the features, and the probabilities of every factor's classes."""

        def classify(image):
            features, logits = self.classifier(image)
            return {
                "features": features,
                **{f"factor_{k}": tf.nn.softmax(logit) for k, logit in enumerate(logits)},
            }

        takes = image("image", self.image_shape)
        heads = len(self.classifier.config["sizes"])
        gives = {f"factor_{k}": "probabilities of the classes of a factor" for k in range(heads)}
        return {"classify": Signature(classify, [takes], {"features": "of each image", **gives})}


def labels_of(factors, logits):
    """Factor classes int32 [B, K] -> K labels [B] for heads with these logits [B, size]."""
    return [factor % logit.shape[-1] for factor, logit in zip(tf.unstack(factors, axis=1), logits, strict=True)]


def hits(labels, logits):
    """K tensors float32 [B]: 1 where the likeliest class is the label."""
    return [
        tf.cast(tf.argmax(logit, axis=-1, output_type=tf.int32) == label, tf.float32)
        for label, logit in zip(labels, logits, strict=True)
    ]
