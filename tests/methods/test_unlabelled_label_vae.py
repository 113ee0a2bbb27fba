"""Fine-tuning on images without labels: what moves, what zs costs, and what is imagined beside them."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from idgan_tf.methods.label_relevant_vae import UnlabelledLabelVAE
from idgan_tf.networks.ranges import signed
from idgan_tf.objectives.adversarial import log_game
from tests.methods.tiny_label_vae import CLASSES, SEED, adam, batch, make, values, who_moved


def finetuning(**settings):
    teacher = {f"teacher_{name}": network for name, network in make().networks.items()}
    return UnlabelledLabelVAE(
        teacher, adam, lambda_lkd=0.1, lambda_kl=1.0, lambda_rec=10.0, game=log_game(), **settings
    )


def test_finetuning_needs_no_labels_and_leaves_the_mixture_alone():
    method = finetuning()
    still = [np.array(v) for name in ("mixture", "latent_classifier") for v in method.networks[name].variables]
    before = values(method)
    means = method.train_step({"image": batch()["image"]}, SEED)
    assert who_moved(method, before) == {"encoder_s", "encoder_u", "decoder", "discriminator"}
    after = [np.array(v) for name in ("mixture", "latent_classifier") for v in method.networks[name].variables]
    for a, b in zip(after, still, strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(np.isfinite(value) for value in means.values())


def test_finetuning_prices_zs_by_the_total_gaussian():
    method, image = finetuning(), batch()["image"]
    zs = np.array(method.encoder_s(signed(image)))
    mean, variance = (np.array(t) for t in method.mixture.total())
    expected = -norm.logpdf(zs, mean, np.sqrt(variance)).sum(axis=1).mean()
    assert float(method.train_step({"image": image}, SEED)["lkd"]) == pytest.approx(expected, rel=1e-4)


def test_finetuning_on_known_classes_prices_zs_by_the_mixture():
    method, image = finetuning(known_classes=True), batch()["image"]
    zs = np.array(method.encoder_s(signed(image)))
    means, deviations = np.array(method.mixture.means.rows), np.sqrt(method.mixture.variances())
    of_class = norm.logpdf(zs[:, None], means, deviations).sum(axis=-1)
    expected = -(logsumexp(of_class, axis=1) - np.log(CLASSES)).mean()
    assert float(method.train_step({"image": image}, SEED)["lkd"]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("known_classes", [False, True])
def test_images_imagined_beside_unlabelled_ones_are_of_the_prior_and_have_no_label(known_classes, monkeypatch):
    method, drawn, shown = finetuning(known_classes=known_classes), [], []
    draw, judge = method.mixture.sample, method.discriminator.call
    monkeypatch.setattr(method.mixture, "sample", lambda label, z: drawn.append(label.numpy()) or draw(label, z))
    monkeypatch.setattr(method.discriminator, "call", lambda x, y, **kw: shown.append(y.numpy()) or judge(x, y, **kw))
    method.train_step({"image": batch(64)["image"]}, SEED)
    assert set(drawn[0]) == (set(range(CLASSES)) if known_classes else {-1})
    assert not np.any(shown)
