import colorsys

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.data import rooms
from idgan_tf.data.rooms import FACTOR_SIZES, FLOOR, OBJECT, WALL, Rooms
from idgan_tf.errors import ConfigError

STRAIGHT = 7  # the middle orientation


@pytest.fixture(scope="module")
def dataset():
    """All scenes at 64 px, drawn once, with fewer rays than for the cache."""
    made = Rooms(64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rooms, "SAMPLES", 2)
        patch.setattr(rooms, "LIGHTS", 32)
        made.__dict__["arrays"] = {"scene": np.concatenate(list(rooms._draw(64, iter)))}
    return made


@pytest.fixture(scope="module")
def scenes(dataset):
    """float32 [scale, shape, orientation, y, x, part], light by part."""
    scenes = dataset.arrays["scene"][dataset.row_of(np.arange(480))]
    return scenes.reshape(8, 4, 15, 64, 64, 4) / np.float32(255)


def hue(pixel):
    return colorsys.rgb_to_hsv(*pixel.astype(float))[0] * 10


def rays(shape, scale, orientation, resolution=64):
    """(part, light, gloss) of a scene's rays, before they are averaged over pixels."""
    start, ray = rooms._camera(rooms.ANGLES[orientation], resolution)
    return rooms._scene(shape, rooms.SCALES[scale], start, ray, rooms._room(start, ray))


def test_the_factors_are_those_of_3d_shapes_and_the_last_runs_fastest():
    dataset = Rooms(64)
    assert dataset.num_examples == 480_000 and FACTOR_SIZES == (10, 10, 10, 8, 4, 15)
    assert dataset.factor_names == ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    assert dataset.name == "rooms" and dataset.source == "rendered" and dataset.image_shape == (64, 64, 3)
    last_three = [[0, 0, 0], [0, 0, 14], [0, 1, 0], [1, 0, 0], [0, 0, 0], [7, 3, 14]]
    np.testing.assert_array_equal(dataset.factors([0, 14, 15, 60, 480, 479_999])[:, 3:], last_three)


def test_images_are_their_factors_at_every_place_that_shows_one(dataset, rng):
    """The hue of the middle is the object's, of the bottom the floor's, of the top the walls'; gloss keeps a hue."""
    factors = dataset.sample_factors(300, rng)
    images = dataset.images(factors).numpy()
    assert images.shape == (300, 64, 64, 3) and images.min() >= 0 and images.max() <= 1
    for (floor, wall, thing, *_), image in zip(factors, images, strict=True):
        found = [hue(image[-1, 32]), hue(image[0, 32]), hue(image[32, 32])]
        np.testing.assert_allclose(found, [floor, wall, thing], atol=1e-3)


def test_changing_one_hue_changes_the_pixels_of_that_part_alone(dataset, scenes, rng):
    for k, part in enumerate((FLOOR, WALL, OBJECT)):
        before = dataset.sample_factors(8, rng)
        after = before.copy()
        after[:, k] = (before[:, k] + 1) % 10
        changed = (dataset.images(before) != dataset.images(after)).numpy().any(axis=-1)
        scene = scenes[before[:, 3], before[:, 4], before[:, 5]]
        np.testing.assert_array_equal(changed, scene[..., part] > 0)
        assert 0 < changed.mean() < 0.9


def test_all_hues_are_told_apart():
    apart = np.linalg.norm(rooms.COLORS[:, None] - rooms.COLORS, axis=-1) + np.eye(10)
    assert apart.min() > 0.25 and rooms.COLORS.min() >= 0 and rooms.COLORS.max() <= 1


def test_coverage_sums_to_one():
    """In full light without gloss the parts of every pixel are its coverage; rounding costs a step at most."""
    part, light, gloss = rays(shape=1, scale=4, orientation=11)
    coverage = rooms._pixels(part, np.ones_like(light), np.zeros_like(gloss), 64)
    assert np.abs(coverage.sum(axis=-1, dtype=int) - 255).max() <= 1
    edges = ((coverage > 0) & (coverage < 255)).any(axis=-1)
    assert 0.02 < edges.mean() < 0.2, "edges are smooth, and they are lines"


def test_no_image_leaves_its_range(scenes):
    """Whatever the colours, which are at most 1."""
    assert scenes.sum(axis=-1).max() <= 1.0


def test_larger_scales_cover_more(scenes):
    area = (scenes[..., OBJECT] > 0).sum(axis=(-2, -1))
    assert (np.diff(area, axis=0) > 0).all()
    ratio = area[-1] / area[0]
    assert ((ratio > 2) & (ratio < 4.5)).all(), "(1.25 / 0.75)^2 is 2.8, and what is near looks larger"


def test_a_room_seen_from_the_other_side_is_its_mirror_image(scenes):
    """So the middle orientation is symmetric."""
    off = np.abs(scenes - scenes[:, :, ::-1, :, ::-1])
    assert off.max() < 0.03 and off.mean() < 1e-4
    assert np.abs(scenes[:, :, STRAIGHT] - scenes[:, :, STRAIGHT - 1]).max() > 0.2, "it can fail"


def test_every_scene_is_another(scenes):
    assert len({scene.tobytes() for scene in scenes.reshape(480, -1)}) == 480
    neighbours = np.abs(np.diff(scenes, axis=2)).max(axis=(-3, -2, -1))
    assert neighbours.min() > 0.1, "an orientation shows at every shape and scale"


@pytest.mark.parametrize("shape", range(4))
def test_the_object_darkens_the_floor_beside_it_and_not_far_away(shape):
    part, light, _ = rays(shape, scale=4, orientation=STRAIGHT)
    empty_part, empty_light, _ = rooms._room(*rooms._camera(0.0, 64))
    floor = (part == FLOOR) & (empty_part == FLOOR)
    loss = np.where(floor, 1 - light / empty_light, 0).reshape(256, 256)
    assert loss.max() > 0.3 and loss.min() > -1e-6
    assert loss[-4:, :4].max() < 0.02 and loss[-4:, -4:].max() < 0.02


def test_other_resolutions_show_the_same_room():
    for shape in range(4):
        fine = rooms._pixels(*rays(shape, 3, 12, resolution=128), 128).reshape(64, 2, 64, 2, 4).mean(axis=(1, 3))
        coarse = rooms._pixels(*rays(shape, 3, 12), 64)
        assert np.abs(fine - coarse).max() < 40 and np.abs(fine - coarse).mean() < 0.5


@pytest.mark.parametrize("shape, height", enumerate([1.0, rooms.CYLINDER_HEIGHT, 1.24, 1.55]))
def test_rays_meet_the_shapes_where_they_are(shape, height):
    """From above: at their height, on what looks up; from the side: at their radius, on what looks back."""
    down, left = np.float32([[0.02], [-1], [0.01]]), np.float32([[-1], [0.001], [0.002]])
    start = np.float32([[0], [5], [0]]) - 5 * down * [[1], [0], [1]]
    distance, normal = rooms._meet(shape, start, down)
    assert 5 - distance[0] == pytest.approx(height, abs=0.01) and normal[1, 0] > 0.95
    radius = {"cube": 0.5, "cylinder": rooms.CYLINDER_RADIUS}.get(rooms.SHAPES[shape])
    radius = radius or rooms.ROUND[rooms.SHAPES[shape]][0]
    distance, normal = rooms._meet(shape, np.float32([[5], [0.615], [0.0]]), left)
    assert 5 - distance[0] == pytest.approx(radius, abs=0.01) and normal[0, 0] > 0.99
    assert np.isinf(rooms._meet(shape, np.float32([[5], [1.7], [0]]), left)[0]).all(), "over it"
    assert np.isinf(rooms._meet(shape, np.float32([[5], [0.5], [0]]), -left)[0]).all(), "away from it"


def test_the_graph_and_xla_decode_what_images_shows(dataset, rng):
    factors = dataset.sample_factors(16, rng)
    index = dataset.index(factors)
    images = dataset.images(factors)

    def decode(index):
        scene = tf.gather(tf.constant(dataset.arrays["scene"]), dataset.row_of(index))
        return dataset.decode({"scene": scene, "index": index}, None)

    for jit in (False, True):
        batch = tf.function(decode, jit_compile=jit)(tf.constant(index))
        np.testing.assert_allclose(batch["image"], images, atol=1e-6)
        np.testing.assert_array_equal(batch["factors"], factors)


@pytest.mark.parametrize("resolution", [32, 63, 513, 64.5, "64", None])
def test_resolutions_outside_64_to_512_are_refused_in_one_line(resolution):
    with pytest.raises(ConfigError, match="^Rooms.resolution must be [^\n]*$"):
        Rooms(resolution)
