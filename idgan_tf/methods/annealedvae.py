"""AnnealedVAE: a VAE whose code is held at a capacity, in nats, that grows during the training.

Burgess et al., "Understanding disentangling in beta-VAE", arXiv:1804.03599.
"""

import gin
import tensorflow as tf

from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.objectives.gaussian import gaussian_kl
from idgan_tf.objectives.weights import require_weights
from idgan_tf.replicas import all_rows


@gin.register
class AnnealedVAE(BetaVAE):
    """Minimises E_q(c|x)[-log p(x|c)] + gamma * |KL - C| (Eq. 8), KL of the whole batch as in disentanglement_lib.

    Args:
        encoder, decoder, optimizer, nll: as for `BetaVAE`.
        gamma: weight of the distance, >= 0: a number, or a schedule of the step.
        capacity: C in nats, >= 0: a number, or a schedule of the step.
    """

    meanings = {**BetaVAE.meanings, "gap": "nats between the information in the code and its capacity"}

    def __init__(self, encoder, decoder, optimizer, nll, gamma, capacity):
        require_weights("AnnealedVAE", gamma=gamma, capacity=capacity)
        super().__init__(encoder, decoder, optimizer, nll, beta=1.0)
        self.gamma, self.capacity = gamma, capacity

    def code_cost(self, c, mean, logvar, kl):
        kl = tf.reduce_mean(gaussian_kl(all_rows(mean), all_rows(logvar)))  # which side of C it is on, all must agree
        gap = tf.abs(kl - self.now(self.capacity))
        return self.now(self.gamma) * gap, {"gap": gap}
