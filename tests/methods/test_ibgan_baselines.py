"""DCInfoGAN and DCGAN are IB-GAN without a bottleneck: z is the code, and a GAN hears nothing of Q."""

import numpy as np
import pytest

from idgan_tf.methods.ibgan import DCGAN, DCInfoGAN
from tests.methods.tiny_ibgan import BATCH, Z, gradients_of_generator, images, make, step


@pytest.mark.parametrize("kind", [DCInfoGAN, DCGAN])
def test_the_generator_of_the_baselines_reads_z_itself(kind):
    method = make(kind)
    means = step(method)
    heard = means["mi_lower"] if kind is DCInfoGAN else 0.0
    assert means["generator_loss"] == pytest.approx(means["fool"] - heard, rel=1e-6)
    assert means["mi_upper"] == 0.0 and "kl_0" not in means
    assert method.codes == "c ~ N(0, I)" and "e(r|z)" in make().codes
    code, logvar = method.encode(images())
    assert code.shape == (BATCH, Z) and not np.any(logvar)


def test_nothing_that_q_reads_reaches_the_generator_of_a_gan(monkeypatch):
    hears_nothing = gradients_of_generator(monkeypatch, DCGAN, gamma=0.0)
    assert not any(np.any(gradient) for gradient in hears_nothing["generator"])
    assert any(np.any(gradient) for gradient in hears_nothing["reconstructor"])
