import gin
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from idgan_tf import noise
from idgan_tf.errors import ConfigError
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.methods.faces import CodeFaces
from idgan_tf.methods.gan import GAN
from idgan_tf.objectives.likelihood import bernoulli_nll
from idgan_tf.run_directory import Run
from idgan_tf.visualize import figures, grids, rendering
from idgan_tf.visualize.examples import labelled_examples
from tests.helpers import TinySprites, build_tiny
from tests.methods import tiny_ibgan
from tests.methods.tiny import LinearDecoder, LinearEncoder, make


@pytest.fixture(scope="module")
def idgan(tmp_path_factory):
    """An untrained ID-GAN with nuisance variables, whose code dimension 2 is the most informative."""
    folder = tmp_path_factory.mktemp("run")
    _, method = build_tiny("gin/idgan_dsprites.gin", folder, "IDGAN.nuisance_dim = 3", "LATENT_DIM = 13")
    head = method.teacher_encoder.head
    bias = np.zeros(20, np.float32)
    bias[2] = 3.0  # the mean of dimension 2
    head.bias.assign(bias)
    return method


def test_every_figure_is_written_with_its_protocol(idgan, tmp_path):
    run = Run(tmp_path / "run")
    paths = {path.name for path in figures.write(run, idgan, TinySprites())}
    assert paths == {
        "samples.png", "samples_prior.png", "row.png", "reconstructions.png", "traversal.png", "traversal_movie.gif",
        "decoder_generator.png", "same_code.png", "same_nuisance.png", "traversal_prior.png", "traversal_added.png",
    }  # fmt: skip
    with Image.open(run.figures / "traversal.png") as picture:
        assert picture.text["figure"] == "traversal" and picture.text["seed"] == str(figures.SEED)
    with Image.open(run.figures / "traversal_movie.gif") as movie:
        assert movie.n_frames == 28 and b"tiny_sprites" in movie.info["comment"]


def test_a_vae_shows_samples_of_its_prior(tmp_path):
    _, vae = build_tiny("gin/betavae_dsprites.gin", tmp_path)
    c = np.random.default_rng(0).normal(size=(64, 10)).astype(np.float32)
    expected = grids.grid(vae.decode(c), columns=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(noise, "normal", lambda shape, seed: c)
        np.testing.assert_array_equal(
            figures.available(vae, TinySprites())["samples"].draw(vae, TinySprites()), expected
        )


def test_large_images_are_shrunk_until_a_row_of_them_can_be_read():
    class Large(CodeFaces):
        image_shape, code_dim, nuisance_dim = (1024, 1024, 1), 20, 2

        def decode(self, c):
            return tf.ones([len(c), 64, 64, 1]) * 0.5

        def generate(self, s, c):
            return tf.ones([len(c), 1024, 1024, 1]) * (0.5 + 0.1 * c[:, :1, None, None])

    picture = figures.traversal(Large(), None)
    assert rendering.WIDEST < picture.shape[1] < 1.2 * rendering.WIDEST and picture.shape[0] < 1.6 * rendering.WIDEST
    above = (picture.shape[0] - 2) % 148  # letters, and 20 rows of 146 pixels
    assert (picture[above + 2 : above + 148, -148:-2] == 204).all(), "c0 = 3 gives 0.8"


def test_a_traversal_sorts_by_information_and_moves_one_dimension(idgan):
    values = np.array([-3.0, 0.0, 3.0])
    drawn, order, kl = rendering.traversed(idgan, TinySprites(), values, columns=3)
    assert order[0] == 2 and np.argmax(kl) == 2
    c = np.tile(np.asarray(idgan.encode(figures.examples(TinySprites())[:1])[0]), [3, 1])
    c[:, 2] = values
    np.testing.assert_allclose(drawn["decoder"][:3], idgan.decode(c), atol=1e-5)


def test_traversals_of_the_released_codes_start_at_a_prior_draw_or_add_to_the_code_of_the_image(idgan, monkeypatch):
    seen = []
    monkeypatch.setattr(idgan, "decode", lambda c: seen.append(c.numpy()) or np.zeros([len(c), 64, 64, 1]))
    figures.traversal_prior(idgan, TinySprites())
    figures.traversal_added(idgan, TinySprites())
    prior, added = (c.reshape(10, 7, 10) for c in seen)
    start = noise.normal([1, 10], [figures.SEED, 9])
    np.testing.assert_array_equal(prior[0, :, 2], np.linspace(-3, 3, 7), "dimension 2 is the most informative")
    np.testing.assert_array_equal(np.delete(prior[0], 2, axis=1), np.delete(np.repeat(start, 7, axis=0), 2, axis=1))
    mean = np.asarray(idgan.encode(figures.examples(TinySprites())[:1])[0])
    np.testing.assert_allclose(added[0, :, 2], mean[0, 2] + np.linspace(-3, 3, 7), rtol=1e-6)
    np.testing.assert_allclose(np.delete(added[0], 2, axis=1), np.delete(np.repeat(mean, 7, axis=0), 2, axis=1))


def test_the_number_of_values_of_a_traversal_is_a_binding(idgan):
    gin.bind_parameter("traversal.steps", 21)
    try:
        np.testing.assert_allclose(rendering.traversal_values(tiny_ibgan.make()), np.arange(-10, 11) / 10)
        assert figures.traversal(idgan, TinySprites()).shape[1] > 2 * 21 * (64 // 2 + 2), "two sides, at half the size"
        assert figures.row(idgan, TinySprites()).shape[1] > (8 + 2 * 21) * (64 // 2 + 2)
    finally:
        gin.clear_config()


def test_the_image_whose_code_a_traversal_starts_at_is_a_binding(idgan, monkeypatch):
    seen = []
    monkeypatch.setattr(rendering, "rendered", lambda method, c, columns: seen.append(np.asarray(c)) or idgan.render(c))
    gin.bind_parameter("traversal.image", 7)
    try:
        figures.traversal(idgan, TinySprites())
        with pytest.raises(ConfigError, match="traversal.image = 7, but GAN encodes no images"):
            rendering.traversed(make(GAN), TinySprites(), np.arange(3.0), 3)
        gin.bind_parameter("traversal.image", TinySprites().num_examples)
        with pytest.raises(ConfigError, match="examples 0 to 47, got 48"):
            figures.traversal(idgan, TinySprites())
    finally:
        gin.clear_config()
    mean, _ = idgan.encode(TinySprites().take([7])["image"])
    np.testing.assert_allclose(np.delete(seen[0][0], 2), np.delete(mean[0], 2))  # dimension 2 is the first that moves


def test_a_row_holds_draws_and_the_two_most_informative_dimensions(monkeypatch):
    """Of a VAE, which draws from its decoder; the order of its dimensions is that of their KL."""
    kl, shown = {0: 1.0, 1: 3.0, 2: 2.0}, []
    method = BetaVAE(LinearEncoder(), LinearDecoder(), keras.optimizers.SGD(0.1), bernoulli_nll, beta=1.0)
    monkeypatch.setattr(method, "kl_per_dimension", lambda image: [kl[d] for d in range(3)])
    monkeypatch.setattr(figures, "label", lambda picture, title: shown.append((title, picture.shape)) or picture)
    picture = figures.row(method, TinySprites((4, 4, 1)))
    tile = grids.SMALLEST + 2  # images of 4 pixels, enlarged
    assert shown == [
        ("samples", (tile + 2, 8 * tile + 2, 3)),
        ("c1 from -3 to 3", (tile + 2, 7 * tile + 2, 3)),
        ("c2 from -3 to 3", (tile + 2, 7 * tile + 2, 3)),
    ]
    assert picture.shape == (tile + 2, 22 * tile + 6 + 2 * 12, 3)


def test_draws_of_a_method_of_labelled_images_are_of_their_classes_and_not_of_a_standard_normal_code():
    settings, method = build_tiny("tests/tiny/label_relevant_vae.gin", "unused")
    means = method.mixture.means.rows
    means.assign(7.0 + tf.range(3.0)[:, None] * tf.ones_like(means))  # far from N(0, I)
    seen, decode = [], method.decode
    method.decode = lambda c: seen.append(np.asarray(c)) or decode(c)
    assert rendering.draws(method, settings.dataset, 40, 8).shape[0] == 40
    labels = labelled_examples(settings.dataset, 40)["label"]
    zs = np.mean(seen[0][:, : method.zs_dim], axis=1)
    assert [np.mean(zs[labels == label]) for label in range(3)] == pytest.approx([7.0, 8.0, 9.0], abs=0.5)


def test_a_row_of_a_generator_of_nuisance_alone_is_its_draws():
    method = make(GAN, nuisance_dim=5, generator=make(GAN, nuisance_dim=2).generator)
    assert figures.row(method, TinySprites((4, 4, 1))).shape[1] == 8 * (grids.SMALLEST + 2) + 2


def test_rows_of_one_code_share_it_and_columns_share_the_nuisance(idgan, monkeypatch):
    seen = []
    monkeypatch.setattr(
        idgan, "generate", lambda s, c: seen.append((s.numpy(), c.numpy())) or np.zeros([len(c), 64, 64, 1])
    )
    code, nuisance = figures.same_code(idgan, TinySprites()), figures.same_nuisance(idgan, TinySprites())
    decoded = idgan.decode(idgan.sample_code(figures.examples(TinySprites(), 6), [figures.SEED, 1]))
    np.testing.assert_array_equal(code[-398:, -464:][:, :68], grids.grid(decoded, 1), "the decoder stands left")
    np.testing.assert_array_equal(nuisance[-464:, -398:][:68], grids.grid(decoded, 6), "the decoder stands above")
    (s, c), (s2, c2) = ((s.reshape(6, 6, -1), c.reshape(6, 6, -1)) for s, c in seen)
    assert np.all(c == c[:, :1]) and np.all(s == s[:1]) and not np.allclose(s[0, 0], s[0, 1])
    assert np.all(s2 == s2[:, :1]) and np.all(c2 == c2[:1])


def test_a_teacher_of_64_pixels_stands_beside_a_generator_of_128(tmp_path):
    _, method = build_tiny(
        "gin/idgan_celeba128.gin",
        tmp_path,
        "TinySprites.image_shape = (128, 128, 3)",
        "ResNetGenerator.filters = 4",
        "ResNetDiscriminator.filters = 4",
    )
    pictures = figures.training_pictures(method, TinySprites((128, 128, 3)))
    assert pictures.keys() == {"samples", "reconstructions", "traversal", "same_code"}
    picture, shows = pictures["reconstructions"]
    assert picture.shape[0] > 3 * 128 and shows.startswith("Columns of one image each")
