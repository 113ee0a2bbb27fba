"""The losses of the label-relevant / irrelevant VAE (Zheng & Sun, CVPR 2019), with the lines of its Algorithm 1."""

import tensorflow as tf

from idgan_tf.objectives.gaussian import gaussian_kl_per_dimension


def l_lkd(log_density, label):
    """L_lkd [B] = -log p(zs|y), from log N(zs; mu_c, Sigma_c) [B, C] and labels y [B] (Eq. 8)."""
    return -tf.gather(log_density, label, batch_dims=1)


def l_cls(log_density, lkd):
    """L_cls [B] = -log q(y|zs), from log N(zs; mu_c, Sigma_c) [B, C] and the L_lkd [B] of the label y (Eq. 7)."""
    return tf.reduce_logsumexp(log_density, axis=-1) + lkd


def l_kl(mean, logvar):
    """L_kl: the mean over images and dimensions of KL(q(zu|x) || N(0, I)) (line 12)."""
    return tf.reduce_mean(gaussian_kl_per_dimension(mean, logvar))


def l_adv_e(log_q):
    """L_advE: the cross-entropy from uniform classes to log q_w(c|zu) [B, C], least where zu says nothing (line 15)."""
    return -tf.reduce_mean(log_q)


def l_adv_c(log_q, label):
    """L_advC: the cross-entropy from labels [B] to log q_w(c|zu) [B, C] (line 16)."""
    return -tf.reduce_mean(tf.gather(log_q, label, batch_dims=1))


def l_rec(image, rebuilt):
    """L_rec: the mean squared error over values of images in [-1, 1] (line 20)."""
    return tf.reduce_mean(tf.square(image - rebuilt))
