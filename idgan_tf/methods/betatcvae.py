"""beta-TCVAE: a VAE that pays extra for the dependence between its code's dimensions, estimated in the batch.

Chen et al., "Isolating Sources of Disentanglement in VAEs", NeurIPS 2018, arXiv:1802.04942; a baseline of
IB-GAN.
"""

import math

import gin
import numpy as np
import tensorflow as tf

from idgan_tf.errors import require, require_number
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.objectives.gaussian import LOG_2_PI
from idgan_tf.replicas import all_rows


@gin.register
class BetaTCVAE(BetaVAE):
    """Minimises E_q(c|x)[-log p(x|c)] + KL(q(c|x) || N(0, I)) + (beta - 1) * TC(c) (Eq. 4, alpha = gamma =
    1).

    Args:
        encoder, decoder, optimizer, nll: as for `BetaVAE`.
        beta: weight of the total correlation, >= 0: a number, or a schedule of the step; 1 is the VAE.
        stratified_size: None for minibatch-weighted sampling; the number of training images for
            minibatch-stratified sampling (appendix C.1).
    """

    def __init__(self, encoder, decoder, optimizer, nll, beta, stratified_size):
        super().__init__(encoder, decoder, optimizer, nll, beta)
        if stratified_size is not None:
            require_number("BetaTCVAE.stratified_size", stratified_size, minimum=2, integer=True)
        self.stratified_size = stratified_size

    def code_cost(self, c, mean, logvar, kl):
        posteriors = (all_rows(value) for value in (c, mean, logvar))
        tc = tf.reduce_mean(total_correlation(*posteriors, stratified_size=self.stratified_size))
        return kl + (self.now(self.beta) - 1.0) * tc, {"tc": tc}


def total_correlation(c, mean, logvar, stratified_size=None):
    """log q(c) - sum_d log q(c_d) of every code, [B], in nats, estimated from the batch.

    Args:
        c, mean, logvar: [B, D], a draw from each posterior and the posteriors.
        stratified_size: the number of training images, for weights that make the estimate of q unbiased; None
            weighs each posterior of the batch by 1/B, where the paper's 1/(N B) would add the constant (D - 1) log N.
    """
    c, size = c[:, None, :], c.shape[0]
    density = -0.5 * (LOG_2_PI + logvar + tf.square(c - mean) * tf.exp(-logvar))  # [i, j, d]: log q(c_i^d | x_j)
    weight = _stratified_log_weights(size, stratified_size) if stratified_size else tf.fill([1, 1], -math.log(size))
    joint = tf.reduce_logsumexp(tf.reduce_sum(density, axis=-1) + weight, axis=1)
    return joint - tf.reduce_sum(tf.reduce_logsumexp(density + weight[:, :, None], axis=1), axis=-1)


def _stratified_log_weights(batch, size):
    """log weights [B, B] of the posteriors of x_j in the estimate of q(c_i); a row of weights adds up to one.

    The image that c_i came from counts 1/N, one other takes the remainder, and the rest 1/M each, M = B - 1.
    """
    require(batch > 1, "BetaTCVAE.stratified_size needs a train.batch_size of 2 or more: it weighs an image by others")
    others = batch - 1
    row = [1.0 / size, (size - others) / (size * others), *[1.0 / others] * (batch - 2)]
    return tf.constant(np.log([np.roll(row, i) for i in range(batch)]), tf.float32)
