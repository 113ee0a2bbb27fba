"""TF-GAN and Inception, with a two-output SavedModel in Inception's place, through the real path."""

import hashlib
import shutil

import gin
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.feature_networks import inception
from idgan_tf.evaluation.feature_networks.inception import HUB_ADDRESS, InceptionFeatures, find_inception
from idgan_tf.evaluation.features.fid import fid, frechet_distance
from idgan_tf.evaluation.features.kid import kid
from idgan_tf.evaluation.inception_score import inception_score, score_of_logits
from idgan_tf.evaluation.metric import Unavailable
from idgan_tf.evaluation.samples import inception_samples


class Fake(tf.Module):
    """pool_3 [N, 1, 1, 4]: the mean of each channel and of a corner; logits [N, 3]: scaled channel means."""

    def __init__(self, outputs=("pool_3", "logits")):
        super().__init__()
        self.scale = tf.Variable(5.0)
        self._names = outputs

    @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3], tf.float32)])
    def __call__(self, images):
        means = tf.reduce_mean(images, [1, 2])
        pool = tf.concat([means, tf.reduce_mean(images[:, :100, :100], [1, 2, 3])[:, None]], axis=1)
        return dict(zip(self._names, (pool[:, None, None], self.scale * means), strict=True))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The real ones are wider, and cost seconds."""
    monkeypatch.setattr(inception, "OUTPUTS", {"pool_3": 4, "logits": 3})


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inception")
    fake = Fake()
    tf.saved_model.save(fake, str(folder), signatures=fake.__call__)
    return folder


@pytest.fixture
def private(tmp_path, monkeypatch):
    monkeypatch.setenv("IDGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("IDGAN_INCEPTION_DIR", raising=False)
    monkeypatch.delenv("TFHUB_CACHE_DIR", raising=False)
    return tmp_path


def test_images_reach_the_network_as_it_expects_them(model):
    images = np.zeros((2, 8, 8, 3), np.float32) + [0.0, 0.25, 1.0]
    out = InceptionFeatures(model)(images)
    assert out["pool_3"].shape == (2, 4) and out["logits"].shape == (2, 3)
    np.testing.assert_allclose(out["pool_3"][0, :3], [-1.0, -0.5, 1.0], atol=1e-5)
    np.testing.assert_allclose(out["logits"][0], [-5.0, -2.5, 5.0], atol=1e-4)


def test_grey_images_get_three_equal_channels(model):
    out = InceptionFeatures(model)(np.full((1, 8, 8, 1), 0.75, np.float32))
    np.testing.assert_allclose(out["pool_3"], np.full((1, 4), 0.5), atol=1e-5)


def test_a_model_that_has_only_signatures_works_too(private):
    root = tf.Module()
    root.network = Fake()
    tf.saved_model.save(root, str(private / "served"), signatures=root.network.__call__)
    out = InceptionFeatures(private / "served")(np.ones((1, 8, 8, 3)))
    np.testing.assert_allclose(out["pool_3"], np.ones((1, 4)), atol=1e-5)


def test_the_checksum_tells_the_weights(model, private):
    other = Fake()
    other.scale.assign(6.0)
    tf.saved_model.save(other, str(private / "other"))
    assert InceptionFeatures(model).sha256 == InceptionFeatures(model).sha256
    assert InceptionFeatures(model).sha256 != InceptionFeatures(private / "other").sha256


def test_wrong_outputs_images_and_files_are_named(model, private):
    tf.saved_model.save(Fake(("pool", "logits")), str(private / "wrong"))
    with pytest.raises(ConfigError, match=r"must give pool_3 and logits, it gives \['logits', 'pool'\]"):
        InceptionFeatures(private / "wrong")(np.ones((1, 8, 8, 3)))
    with pytest.raises(ConfigError, match=r"images must be \[N, H, W, 1 or 3\]"):
        InceptionFeatures(model)(np.ones((8, 8, 3)))
    with pytest.raises(NonFiniteError, match="pool_3 hold"):
        InceptionFeatures(model)(np.full((1, 8, 8, 3), np.nan))
    (private / "torn").mkdir()
    (private / "torn" / "saved_model.pb").write_bytes(b"torn")
    with pytest.raises(ConfigError, match="cannot load the Inception SavedModel"):
        InceptionFeatures(private / "torn")(np.ones((1, 8, 8, 3)))
    shutil.copytree(model, private / "tfgan[1]")
    with pytest.raises(ConfigError, match="TensorFlow takes its path for a pattern; copy it elsewhere"):
        InceptionFeatures(private / "tfgan[1]")(np.ones((1, 8, 8, 3)))


def test_a_network_with_outputs_of_other_sizes_is_no_inception(model, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(ConfigError, match="is no Inception of TF-GAN: pool_3 has 4 numbers, not 2048"):
        InceptionFeatures(model)(np.ones((1, 8, 8, 3)))


def test_of_several_signatures_the_one_with_both_outputs_is_asked(private):
    root = tf.Module()
    root.network, root.other = Fake(), Fake(("logits", "probability"))
    both, other = root.network.__call__, root.other.__call__
    tf.saved_model.save(root, str(private / "named"), signatures={"default": both, "serving_default": other})
    out = InceptionFeatures(private / "named")(np.ones((1, 8, 8, 3)))
    np.testing.assert_allclose(out["pool_3"], np.ones((1, 4)), atol=1e-5)
    tf.saved_model.save(root, str(private / "wrong"), signatures={"classify": other})
    with pytest.raises(
        ConfigError, match="must give pool_3 and logits; its signatures give {'classify': ..logits', 'pr"
    ):
        InceptionFeatures(private / "wrong")(np.ones((1, 8, 8, 3)))


def test_a_module_of_tensorflow_1_is_read_without_a_tag(private):
    v1, folder = tf.compat.v1, private / "hub1"
    with tf.Graph().as_default(), v1.Session() as session:
        images = v1.placeholder(tf.float32, [None, 299, 299, 3])
        outputs = {"pool_3": tf.reduce_mean(images, [1])[:, :1, None], "logits": tf.reduce_mean(images, [1, 2])}
        outputs["pool_3"] = tf.tile(outputs["pool_3"], [1, 1, 1, 2])[..., :4]
        signature = v1.saved_model.predict_signature_def({"images": images}, outputs)
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, [], {"default": signature})
        builder.add_meta_graph(["train"], {"default": signature})
        builder.save()
    (folder / "tfhub_module.pb").touch()
    out = InceptionFeatures(folder)(np.ones((2, 8, 8, 3)))
    np.testing.assert_allclose(out["pool_3"], np.ones((2, 4)), atol=1e-5)


def test_the_resize_of_tensorflow_1_starts_at_the_corner_of_the_first_pixel(private):
    class Corner(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3], tf.float32)])
        def __call__(self, images):
            row = images[:, 0, :, 0]
            return {"pool_3": tf.gather(row, [0, 1, 2, 149], axis=1), "logits": row[:, :3]}

    tf.saved_model.save(Corner(), str(private / "corner"))
    ramp = np.tile(np.array([0.0, 1.0, 0.0, 1.0], np.float32)[None, None, :, None], [1, 4, 1, 3])
    place = 4 / 299 * np.array([0.0, 1.0, 2.0, 149.0])  # in pixels of the source, from the first
    tf1, half = (InceptionFeatures(private / "corner", resize)(ramp)["pool_3"][0] for resize in ("tf1", "half_pixel"))
    np.testing.assert_allclose(tf1[:3], 2 * place[:3] - 1, atol=1e-5)
    centre = np.maximum(place + 0.5 * 4 / 299 - 0.5, 0.0)
    np.testing.assert_allclose(half[:3], 2 * centre[:3] - 1, atol=1e-5)
    with pytest.raises(ConfigError, match="inception.resize is one of"):
        InceptionFeatures(private / "corner", "area")
    gin.parse_config("inception.resize = 'tf1'")
    assert InceptionFeatures(private / "corner").protocol["resize"] == "bilinear 299, tf1"


def test_the_search_order_is_flag_variable_own_cache_hub_cache(model, private, monkeypatch):
    with pytest.raises(Unavailable) as error:
        find_inception()
    own = private / "cache" / "inception"
    assert "tar -xz -C $IDGAN_CACHE/inception" in str(error.value) and "kagglehub.model_download(" in str(error.value)

    hub = private / "hub" / hashlib.sha1(HUB_ADDRESS.encode()).hexdigest()
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(private / "hub"))
    for place in (hub, own):  # the later one wins
        place.mkdir(parents=True)
        (place / "saved_model.pb").touch()
        assert find_inception() == place
    monkeypatch.setenv("IDGAN_INCEPTION_DIR", str(model))
    assert find_inception() == model
    assert find_inception(own) == own
    with pytest.raises(ConfigError, match="holds no saved_model.pb"):
        find_inception(private)


def mixed_with_noise(batch, seed):
    return 0.5 * batch["image"] + 0.5 * tf.random.stateless_uniform(tf.shape(batch["image"]), seed)


def test_fid_kid_and_inception_score_share_one_pass_and_cache_the_real_images(
    model, private, pixels, codes_method, monkeypatch
):
    monkeypatch.setenv("IDGAN_INCEPTION_DIR", str(model))
    method = codes_method(lambda x: x)
    method.sample = mixed_with_noise
    calls = []
    honest = inception.activations

    def counted(*args):
        calls.append(args)
        return honest(*args)

    for module in (inception, inception_samples):
        monkeypatch.setattr(module, "activations", counted)
    values = {}
    for metric in (fid, kid, inception_score):
        result = metric(method, pixels, 3, num_samples=70)
        values.update(result.values)
    assert len(calls) == 2  # generated and real, once each
    samples = inception_samples.of(method, pixels, 3, 70)
    assert values["fid70"] == pytest.approx(frechet_distance(samples.real, samples.generated["pool_3"]), rel=1e-3)
    assert values["inception_score70"] == pytest.approx(score_of_logits(samples.generated["logits"]), rel=1e-5)
    assert values["fid70"] > 0 and np.isfinite(values["kid70"])
    protocol = result.protocol
    assert protocol["num_samples"] == 70 and protocol["num_real"] == 60
    assert protocol["feature_sha256"] == InceptionFeatures(model).sha256
    assert protocol["feature_network"] == "tfgan inception, unverified"
    assert (
        protocol["resize"] == "bilinear 299, half_pixel" and protocol["generated"] == "by class, labels of real images"
    )

    method.step.assign_add(1)  # trained further: only the generated images are new
    assert fid(method, pixels, 3, num_samples=70).values == {"fid70": values["fid70"]}
    assert len(calls) == 3
    gin.parse_config("inception.resize = 'tf1'")
    assert fid(method, pixels, 3, num_samples=70).values != {"fid70": values["fid70"]}
    gin.clear_config()
    calls.clear()
    monkeypatch.setattr(type(pixels), "looks", "as many other images")
    method.step.assign_add(1)
    fid(method, pixels, 3, num_samples=70)
    assert len(calls) == 2


def test_images_with_other_channels_cannot_have_it(model, private, codes_method, monkeypatch, pixels):
    monkeypatch.setenv("IDGAN_INCEPTION_DIR", str(model))
    monkeypatch.setattr(type(pixels), "image_shape", (1, 1, 2))
    method = codes_method(lambda x: x)
    method.sample = mixed_with_noise
    with pytest.raises(Unavailable, match="Inception looks at grey or colour, not at pixels's images"):
        fid(method, pixels, 0, num_samples=10)
