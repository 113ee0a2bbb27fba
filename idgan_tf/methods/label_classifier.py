"""A classifier of labelled images, for the Inception Score of datasets that no public network knows.

Zheng & Sun, "Disentangling Latent Space for VAE by Label Relevant/Irrelevant Dimensions", CVPR 2019, section 4.2,
train an Inception-ResNet on the real images. Here it is the encoder of the same paper, so absolute values
compare within this project only.
"""

import gin
import tensorflow as tf

from idgan_tf.methods.factor_classifier import FactorClassifier
from idgan_tf.methods.signatures import Signature, image
from idgan_tf.networks.ranges import signed


@gin.register
class LabelClassifier(FactorClassifier):
    """Minimises the cross-entropy of the labels.

    Args:
        classifier: image in [-1, 1] -> class logits [B, C].
        optimizer: of it.
    """

    reads = {"label": "classes"}
    meanings = {"accuracy": "share of images whose class it tells"}

    def train_step(self, batch, seed):
        del seed  # nothing random
        label = batch["label"]
        with tf.GradientTape() as tape:
            logits = self.classifier(signed(batch["image"]), training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits))
        self.minimize("classifier", loss, tape)
        right = tf.argmax(logits, axis=-1, output_type=label.dtype) == label
        return {"loss": loss, "accuracy": tf.reduce_mean(tf.cast(right, tf.float32))}

    def signatures(self):
        """classify(image): the probabilities of the classes."""

        def classify(image):
            return tf.nn.softmax(self.classifier(signed(image)))

        takes = image("image", self.image_shape)
        return {"classify": Signature(classify, [takes], "probabilities of the classes")}
