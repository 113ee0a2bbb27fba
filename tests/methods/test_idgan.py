import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import ConfigError
from idgan_tf.methods.cgan import CGAN
from idgan_tf.methods.gan import GAN
from idgan_tf.methods.idgan import IDGAN
from idgan_tf.networks.conv import ConvDecoder, ConvDiscriminator, ConvEncoder, ConvGenerator
from idgan_tf.networks.ranges import signed
from idgan_tf.networks.resnet import ProjectionDiscriminator
from tests.helpers import build_tiny
from tests.methods.tiny import CODE, SEED, SHAPE, arrays, assert_close, batch, make, same, teacher


class GANWithCode(GAN):
    """A GAN that is given the code of an ID-GAN."""

    source = None

    def sample_code(self, image, seed):
        return self.source.sample_code(image, seed)


def test_without_distillation_it_is_a_gan_on_the_same_codes():
    idgan = make(IDGAN, teacher=teacher(), lambda_id=0.0)
    gan = make(GANWithCode)
    gan.source = make(IDGAN, teacher=idgan_teacher(idgan), lambda_id=0.0)
    idgan.train_step(batch(), SEED)
    gan.train_step(batch(), SEED)
    for name in ("generator", "discriminator", "average_generator"):
        assert_close(arrays(getattr(idgan, name)), arrays(getattr(gan, name)))


def idgan_teacher(method):
    return {name: method.networks[name] for name in ("teacher_encoder", "teacher_decoder")}


def test_distillation_moves_the_generator_and_not_the_frozen_teacher():
    plain, distilled = (make(IDGAN, teacher=teacher(), lambda_id=value) for value in (0.0, 1.0))
    frozen = arrays(distilled.teacher_encoder), arrays(distilled.teacher_decoder)
    for _ in range(3):
        plain.train_step(batch(), SEED)
        distilled.train_step(batch(), SEED)
    assert same(frozen[0], arrays(distilled.teacher_encoder)) and same(frozen[1], arrays(distilled.teacher_decoder))
    assert not same(arrays(plain.generator), arrays(distilled.generator))


def test_rid_of_images_that_hold_their_code_is_minus_its_entropy():
    """The fake has the posterior of the real image, so -R_ID is the entropy of q(c|x), D/2 (log 2 pi + v + 1)."""
    logvar = 0.7
    method = make(IDGAN, teacher=teacher(logvar=logvar), lambda_id=2.0)
    image = tf.repeat(batch(count=1)["image"], 20_000, axis=0)
    entropy = 0.5 * CODE * (np.log(2.0 * np.pi) + logvar + 1.0)
    distillation = method.distillation(method.sample_code(image, SEED), signed(image))
    assert float(distillation) == pytest.approx(entropy, rel=0.01)


def test_the_loss_of_the_generator_is_eq_4():
    method, image, fake = make(IDGAN, teacher=teacher(), lambda_id=2.0), batch(0)["image"], signed(batch(1)["image"])
    c = method.sample_code(image, SEED)
    loss, terms = method.generator_cost(c, fake, SEED)
    fool = np.mean(np.log1p(np.exp(-method.discriminator(fake))))
    assert float(terms["distillation"]) == float(method.distillation(c, fake))
    assert float(loss) == pytest.approx(fool + 2.0 * float(terms["distillation"]), rel=1e-5)


def test_rid_falls_by_half_the_square_of_the_distance_in_codes():
    method = make(IDGAN, teacher=teacher(logvar=np.log(0.25)), lambda_id=1.0)
    image, fake = batch(0)["image"], batch(1)["image"]
    c, here = method.encode(image)[0], method.encode(fake)[0]
    expected = 0.5 * CODE * (np.log(2.0 * np.pi) + np.log(0.25)) + np.mean(np.sum((c - here) ** 2, -1) / 0.5)
    assert float(method.distillation(c, signed(fake))) == pytest.approx(expected, rel=1e-5)


def test_the_discriminator_and_the_generator_see_the_same_code_with_a_new_nuisance(monkeypatch):
    method = make(IDGAN, teacher=teacher(), lambda_id=1.0)
    seen = []
    monkeypatch.setattr(method, "latent", lambda c, seed: seen.append(GAN.latent(method, c, seed)) or seen[-1])
    method.train_step(batch(), SEED)
    (first, second) = seen
    np.testing.assert_array_equal(first[:, 2:], second[:, 2:])
    assert np.all(first[:, :2] != second[:, :2])


def test_images_are_shrunk_for_a_teacher_of_smaller_ones():
    method = make(IDGAN, teacher=teacher(image_shape=(2, 2, 1)), lambda_id=1.0)
    image = batch()["image"]
    small = tf.nn.avg_pool2d(image, 2, 2, "VALID")
    np.testing.assert_allclose(method.encode(image)[0], method.teacher_encoder(small)[0], rtol=1e-4, atol=1e-6)
    assert np.isfinite(method.train_step(batch(), SEED)["distillation"])
    with pytest.raises(ConfigError, match='IDGAN.resize is "bilinear" or "area", got .nearest.'):
        make(IDGAN, teacher=teacher(), lambda_id=1.0, resize="nearest")


def test_a_text_which_would_count_as_true_is_no_flag():
    with pytest.raises(ConfigError, match="IDGAN.grey_teacher must be True or False, got 'no'"):
        make(IDGAN, teacher=teacher(), lambda_id=1.0, grey_teacher="no")


def test_a_teacher_of_another_code_is_refused():
    with pytest.raises(ConfigError, match="latent_dim must be nuisance_dim 1 \\+ the teacher's 3"):
        make(
            IDGAN,
            nuisance_dim=1,
            generator=make(GAN, nuisance_dim=3).generator,
            teacher=teacher(),
            lambda_id=1.0,
        )


def pairs_of(plain):
    """A `ProjectionDiscriminator` with the weights of a `ResNetDiscriminator`."""
    pairs = ProjectionDiscriminator(SHAPE, CODE, 2, "torch")
    pairs.trunk.set_weights(plain.trunk.get_weights())
    pairs.head.set_weights(plain.head.get_weights())
    return pairs


def test_a_cgan_whose_code_is_always_zero_is_a_gan():
    silent = teacher(logvar=-200.0)
    silent["teacher_encoder"].head.kernel.assign(np.zeros((16, CODE)))
    gan = make(IDGAN, teacher=silent, lambda_id=0.0)
    cgan = make(CGAN, teacher=silent, discriminator=pairs_of(gan.discriminator))
    gan.train_step(batch(), SEED)
    cgan.train_step(batch(), SEED)
    assert_close(arrays(gan.generator), arrays(cgan.generator))
    assert_close(arrays(gan.discriminator.trunk), arrays(cgan.discriminator.trunk))
    assert_close(arrays(gan.discriminator.head), arrays(cgan.discriminator.head))


def test_to_a_constant_code_a_cgan_s_discriminator_is_a_gan_s_with_another_head():
    """FC(h) + <W c, h> is linear in h, so that a code which is always the same tells it nothing."""
    plain = make(GAN).discriminator
    pairs, image, c = pairs_of(plain), batch()["image"], tf.tile([[1.0, -2.0, 0.5]], [4, 1])
    assert np.all(pairs([image, c]) != plain(image))
    plain.head.kernel.assign_add(tf.transpose(pairs.projection(c[:1])))
    np.testing.assert_allclose(pairs([image, c]), plain(image), rtol=1e-4, atol=1e-6)


def test_a_teacher_without_a_decoder_teaches_all_the_same():
    """Any encoder of images will do: an InfoGAN's or a VAE-GAN's too."""
    method = make(IDGAN, teacher={"teacher_encoder": teacher()["teacher_encoder"]}, lambda_id=1.0)
    assert not hasattr(method, "decode") and method.signatures().keys() == {"encode", "generate", "traverse"}
    assert hasattr(make(IDGAN, teacher=teacher(), lambda_id=1.0), "decode")
    assert method.sample_code(batch()["image"], SEED).shape == (4, CODE)


def test_a_teacher_that_reads_no_image_is_refused():
    with pytest.raises(ConfigError, match="no encoder of images among teacher_decoder"):
        make(IDGAN, teacher={"teacher_decoder": teacher()["teacher_decoder"]}, lambda_id=1.0)


@pytest.mark.slow
def test_an_ib_gan_s_info_gan_teaches_by_its_q_alone(tmp_path):
    roles = 'teacher.roles = ("front", "reconstructor")'
    gin_file = "teacher.gin_file = 'gin/dcinfogan_dsprites.gin'"
    settings, method = build_tiny("gin/idgan_ibgan_dsprites.gin", tmp_path, gin_file, roles)
    image = settings.dataset.take([0, 1])["image"]
    mean, logvar = method.encode(image)
    np.testing.assert_array_equal(mean, method.teacher_reconstructor(method.teacher_front(signed(image))))
    assert np.all(logvar == 0.0)


@pytest.mark.slow
def test_an_ib_gan_teaches_what_it_reads_in_two_steps(tmp_path):
    settings, method = build_tiny("gin/idgan_ibgan_dsprites.gin", tmp_path)
    image = settings.dataset.take([0, 1])["image"]
    z = method.teacher_reconstructor(method.teacher_front(signed(image)))
    for ours, theirs in zip(method.encode(image), method.teacher_encoder(z), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert method.code_dim == 10 and not hasattr(method, "decode")
    assert np.isfinite(method.train_step(settings.dataset.take([0, 1, 2, 3]), SEED)["distillation"])


def test_a_cgan_judges_the_pair():
    cgan = make(CGAN, teacher=teacher(), discriminator=pairs_of(make(GAN).discriminator))
    image = batch()["image"]
    c = noise.normal([4, CODE], SEED)
    assert np.all(cgan.judge(image, c, SEED)[0] != cgan.judge(image, -c, SEED)[0])
    projection = cgan.discriminator.projection.kernel
    before = np.array(projection)
    cgan.train_step(batch(), SEED)
    assert np.all(before != projection)


def test_a_cgan_distils_nothing():
    cgan = make(CGAN, teacher=teacher(), discriminator=pairs_of(make(GAN).discriminator))
    image, c = batch()["image"], tf.fill([4, CODE], 0.5)
    loss, terms = cgan.generator_cost(c, image, SEED)
    assert loss == GAN.generator_cost(cgan, c, image, SEED)[0] and terms["distillation"] > 0.1


def conv_teacher(image_shape=(64, 64, 1)):
    """An untrained encoder and decoder of Table A.2."""
    return {
        "teacher_encoder": ConvEncoder(image_shape, CODE, "torch"),
        "teacher_decoder": ConvDecoder(image_shape, CODE, "torch"),
    }


@pytest.mark.parametrize("nuisance_dim", [0, 2])
def test_a_generator_that_starts_as_the_teacher_draws_its_pictures(nuisance_dim):
    """tanh(a / 2) = 2 sigmoid(a) - 1; at s = 0 the weights of s do not matter."""
    shape = (64, 64, 1)
    networks = {
        "generator": ConvGenerator(shape, nuisance_dim + CODE, "torch"),
        "discriminator": ConvDiscriminator(shape, "torch"),
    }
    method = make(IDGAN, nuisance_dim, teacher=conv_teacher(), lambda_id=0.1, start="teacher", **networks)
    c = tf.random.stateless_normal([4, CODE], SEED)
    drawn = method.generate(tf.zeros([4, nuisance_dim]), c)
    np.testing.assert_allclose(drawn, method.decode(c), atol=1e-6)
    if nuisance_dim:
        assert np.any(np.abs(method.generate(tf.ones([4, nuisance_dim]), c) - drawn) > 1e-4)


def test_a_start_that_does_not_apply_is_refused_in_a_line():
    with pytest.raises(ConfigError, match='start = "teacher" does not apply to a ResNetGenerator'):
        make(IDGAN, teacher=teacher(), lambda_id=0.1, start="teacher")
    shape = (64, 64, 3)
    networks = {"generator": ConvGenerator(shape, CODE, "torch"), "discriminator": ConvDiscriminator(shape, "torch")}
    with pytest.raises(ConfigError, match="cannot be the start"):
        make(IDGAN, 0, teacher=conv_teacher(), lambda_id=0.1, start="teacher", grey_teacher=True, **networks)
    alone = {"teacher_encoder": conv_teacher(shape)["teacher_encoder"]}
    with pytest.raises(ConfigError, match="needs a teacher with a decoder"):
        make(IDGAN, 0, teacher=alone, lambda_id=0.1, start="teacher", **networks)
    with pytest.raises(ConfigError, match='"scratch" or "teacher"'):
        make(IDGAN, teacher=teacher(), lambda_id=0.1, start="decoder")
