"""Rooms: 480,000 coloured images of an object in a room with six known factors, drawn by rule.

In the manner of 3D Shapes (Burgess & Kim 2018, github.com/google-deepmind/3d-shapes): its factors, in its order, with
as many values. It is not that data set: camera, lamp, colours and shapes are chosen here, so that no number on it
compares with a published one.

Only scale, shape and orientation need rays. Their 480 scenes lie in the user's cache folder, each pixel as the light
that it gets from the floor, the walls, the object, and the object's gloss; an image is the product of those with three
colours, in the training graph.

Lengths are in sides of the cube of scale 1. x is to the right, y up, z towards the camera of the middle orientation;
the object stands on the floor at the origin. Vectors of many rays are arrays [3, N].
"""

import colorsys
import functools

import gin
import numpy as np
import tensorflow as tf
from scipy import ndimage

from idgan_tf import cache
from idgan_tf.data.factors import FactorDataset
from idgan_tf.errors import require, require_number

FACTOR_NAMES = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
FACTOR_SIZES = (10, 10, 10, 8, 4, 15)
SHAPES = ("cube", "cylinder", "sphere", "capsule")
SCALES = np.linspace(0.75, 1.25, FACTOR_SIZES[3])
ANGLES = np.radians(np.linspace(-30.0, 30.0, FACTOR_SIZES[5]))  # of the camera's way round the object
COLORS = np.array([colorsys.hsv_to_rgb(hue / 10, 0.7, 0.95) for hue in range(10)], np.float32)
FLOOR, WALL, OBJECT, GLOSS = range(4)

SAMPLES = 4  # rays of a pixel, a side
CAMERA_DISTANCE, CAMERA_HEIGHT, CAMERA_AIM = 5.2, 2.4, 0.65  # it aims at that height of the object's axis
VIEW = 0.34  # half the picture's side, at distance 1
# Of the floor and the walls at the back and the sides: the normal, and how far it is from the origin.
PLANES = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0], [-1, 0, 0]], np.float32)
PLANE_DISTANCES = np.array([[0.0], [3.2], [2.7], [2.7]], np.float32)

CYLINDER_RADIUS, CYLINDER_HEIGHT = 0.52, 1.15
ROUND = {"sphere": (0.62, 0.62, 0.62), "capsule": (0.43, 0.43, 1.12)}  # radius, and its centres' heights

LAMP = np.array([[0.0], [0.8], [0.6]], np.float32)  # the direction it shines from
SKY, BOUNCE, KEY = 0.6, 0.36, 0.4  # light from all above, from all below, and from the lamp
LIGHTS, LAMP_RADIUS = 128, 0.3
SHADOW_CELLS, SHADOW_REACH = 192, 4.0  # a side, and how far it goes from the object


def _meet_cube(start, ray):
    """Where rays [3, N] enter the cube of scale 1: distances [N], infinite if they do not, and normals [3, N]."""
    low, high = np.array([[[-0.5], [0.0], [-0.5]], [[0.5], [1.0], [0.5]]], np.float32)
    one, other = (low - start) / ray, (high - start) / ray
    enter, leave = np.minimum(one, other), np.maximum(one, other).min(axis=0)
    normal = -np.sign(ray) * (enter.argmax(axis=0) == np.arange(3)[:, None])
    enter = enter.max(axis=0)
    return np.where(leave > np.maximum(enter, 0), enter, np.inf), normal


def _roots(a, b, c):
    """The solutions of a t^2 + 2 b t + c = 0, infinite and minus infinite if there are none."""
    square = b * b - a * c
    root = np.sqrt(np.maximum(square, 0))
    none = square <= 0
    return np.where(none, np.inf, (-b - root) / a), np.where(none, -np.inf, (-b + root) / a)


def _meet_side(start, ray, radius):
    """Where rays enter and leave the endless cylinder round the y axis."""
    (x, _, z), (u, _, w) = start, ray
    return _roots(u * u + w * w, x * u + z * w, x * x + z * z - radius * radius)


def _meet_cylinder(start, ray):
    """As `_meet_cube`."""
    side, side_end = _meet_side(start, ray, CYLINDER_RADIUS)
    one, other = -start[1] / ray[1], (CYLINDER_HEIGHT - start[1]) / ray[1]
    end, end_end = np.minimum(one, other), np.maximum(one, other)
    enter, leave = np.maximum(side, end), np.minimum(side_end, end_end)
    place = np.where(np.isfinite(enter), start + enter * ray, 0)
    normal = np.where(side > end, place / CYLINDER_RADIUS * [[1], [0], [1]], -np.sign(ray) * [[0], [1], [0]])
    return np.where(leave > np.maximum(enter, 0), enter, np.inf), normal


def _meet_round(start, ray, radius, low, high):
    """As `_meet_cube`: the points within `radius` of the piece of the y axis between two heights."""
    enter, _ = _meet_side(start, ray, radius)
    with np.errstate(invalid="ignore"):
        height = start[1] + enter * ray[1]
    enter = np.where((height > low) & (height < high) & (enter > 0), enter, np.inf)
    for centre in (low, high):
        x, y, z = start - np.array([[0], [centre], [0]], np.float32)
        u, v, w = ray
        ball, _ = _roots(u * u + v * v + w * w, x * u + y * v + z * w, x * x + y * y + z * z - radius * radius)
        enter = np.minimum(enter, np.where(ball > 0, ball, np.inf))
    place = np.where(np.isfinite(enter), start + enter * ray, 0)
    place[1] -= np.clip(place[1], low, high)
    return enter, place / radius


def _meet(shape, start, ray):
    """As `_meet_cube`, for a class of the shape."""
    name = SHAPES[shape]
    with np.errstate(divide="ignore", invalid="ignore"):
        if name in ROUND:
            return _meet_round(start, ray, *ROUND[name])
        return (_meet_cube if name == "cube" else _meet_cylinder)(start, ray)


def _shine(normal):
    """The light [N] that arrives at surfaces with normals [3, N] and nothing near them."""
    facing = np.sum(LAMP * normal, axis=0)
    soft = 0.5 * (facing + np.sqrt(facing * facing + 0.04))  # the lamp is large: no line where it sets
    return SKY * 0.5 * (1 + normal[1]) + BOUNCE * 0.5 * (1 - normal[1]) + KEY * soft


def _openness(distance, height):
    """The share of light that a wall of some height at a distance leaves to what is at right angles to it."""
    return 0.65 + 0.35 * distance / np.sqrt(distance * distance + height * height)


def _lights():
    """Directions [L, 3, 1] of the light on the floor, and their weights [L], of sum 1: the sky, and a wide lamp."""
    turn = np.pi * (3 - np.sqrt(5)) * (np.arange(LIGHTS) + 0.5)
    radius = np.sqrt((np.arange(LIGHTS) + 0.5) / LIGHTS)
    x, y = radius * np.cos(turn), radius * np.sin(turn)  # evenly over a disc
    sky = np.stack([x, np.sqrt(1 - radius**2), y])  # so that a floor gets the same from each
    lamp = LAMP + LAMP_RADIUS * (x * np.array([[1], [0], [0]]) + y * LAMP[[0, 2, 1]] * [[0], [-1], [1]])
    weights = np.repeat([SKY, KEY * LAMP[1, 0]], LIGHTS)
    return np.concatenate([sky, lamp], axis=1).T[:, :, None].astype(np.float32), weights / weights.sum()


@functools.cache
def _shadow(shape):
    """The share of light that the object of scale 1 leaves to the floor round it, float32 [z, x]."""
    line = np.linspace(-SHADOW_REACH, SHADOW_REACH, SHADOW_CELLS, dtype=np.float32)
    z, x = (part.reshape(1, -1) for part in np.meshgrid(line, line, indexing="ij"))
    floor = np.concatenate([x, 0 * x, z])
    light = np.zeros(x.shape[1], np.float32)
    for direction, weight in zip(*_lights(), strict=True):
        light += weight * np.isinf(_meet(shape, floor, direction)[0])
    light = light.reshape(SHADOW_CELLS, SHADOW_CELLS)
    light = 0.5 * (light + light[:, ::-1])
    return np.where(light < 0.01, ndimage.maximum_filter(light, 3), light)  # as beside it, where it stands


def _camera(angle, resolution):
    """Where the camera is [3, 1], and the directions [3, N] of its rays: rows from the top, columns from the left."""
    start = np.array([CAMERA_DISTANCE * np.sin(angle), CAMERA_HEIGHT, CAMERA_DISTANCE * np.cos(angle)])
    forward = np.array([0.0, CAMERA_AIM, 0.0]) - start
    forward /= np.linalg.norm(forward)
    right = np.array([np.cos(angle), 0.0, -np.sin(angle)])
    side = VIEW * (2 * (np.arange(resolution * SAMPLES) + 0.5) / (resolution * SAMPLES) - 1)
    down, across = (part.reshape(1, -1) for part in np.meshgrid(side, side, indexing="ij"))
    ray = forward[:, None] + right[:, None] * across - np.cross(right, forward)[:, None] * down
    return start[:, None].astype(np.float32), (ray / np.linalg.norm(ray, axis=0)).astype(np.float32)


def _room(start, ray):
    """The empty room: the part that rays [3, N] meet, `FLOOR` or `WALL`, the light there, and places [3, N]."""
    towards = PLANES @ ray
    with np.errstate(divide="ignore"):
        far = np.where(towards < 0, -(PLANE_DISTANCES + PLANES @ start) / towards, np.inf)
    plane = far.argmin(axis=0)
    place = start + far.min(axis=0) * ray
    light = _shine(PLANES.T)[plane]
    for number, distance in enumerate(np.maximum(PLANES @ place + PLANE_DISTANCES, 0)):
        light *= np.where(plane == number, 1, _openness(distance, 0.5))
    return np.where(plane == 0, FLOOR, WALL), light, place


def _scene(shape, scale, start, ray, room):
    """A room with an object.

    Args:
        shape: its class.
        scale: its size.
        start, ray: see `_camera`.
        room: what `_room` gives for them.

    Returns:
        (part [N], light [N], gloss [N]) of the rays.
    """
    part, light, place = room
    part, light, gloss = part.copy(), light.copy(), np.zeros_like(light)
    floor = np.flatnonzero(part == FLOOR)
    cells = (place[[2, 0]][:, floor] / scale + SHADOW_REACH) * ((SHADOW_CELLS - 1) / (2 * SHADOW_REACH))
    light[floor] *= 0.15 + 0.85 * ndimage.map_coordinates(_shadow(shape), cells, order=1, mode="nearest")

    ball = start - np.array([[0.0], [0.75 * scale], [0.0]], np.float32)  # all shapes lie in it
    near = np.flatnonzero(np.sum(ball * ball) - np.sum(ball * ray, axis=0) ** 2 < (1.05 * scale) ** 2)
    distance, normal = _meet(shape, start / scale, ray[:, near])
    hit = np.isfinite(distance)
    seen, normal, distance = near[hit], normal[:, hit], distance[hit]
    height = start[1] / scale + distance * ray[1, seen]
    part[seen] = OBJECT
    # Below what looks down is its own shadow.
    light[seen] = _shine(normal) * (1 - 0.35 * np.exp(-3.0 * height) * (1 - normal[1]))
    half = LAMP - ray[:, seen]
    half /= np.linalg.norm(half, axis=0)
    gloss[seen] = 0.3 * np.maximum(np.sum(normal * half, axis=0), 0) ** 40
    return part, light, gloss


def _pixels(part, light, gloss, resolution):
    """Rays [N] averaged over pixels: uint8 [resolution, resolution, 4], 255 for an image's 1; no sum is above that."""
    light = light * (1 - gloss)
    planes = np.stack([light * (part == number) for number in (FLOOR, WALL, OBJECT)] + [gloss])
    means = planes.reshape(4, resolution, SAMPLES, resolution, SAMPLES).mean(axis=(2, 4))
    return np.round(255 * means.transpose(1, 2, 0)).astype(np.uint8)


def _draw(resolution, progress):
    """Blocks of scenes, uint8 [8 * 4, resolution, resolution, 4], one for each orientation."""
    for angle in progress(list(ANGLES)):
        start, ray = _camera(angle, resolution)
        room = _room(start, ray)
        yield np.stack(
            [
                _pixels(*_scene(shape, scale, start, ray, room), resolution)
                for scale in SCALES
                for shape in range(len(SHAPES))
            ]
        )


@gin.register
class Rooms(FactorDataset):
    """The 480,000 rooms at `resolution` pixels a side.

    Args:
        resolution: 64 to 512. The scenes take 8 MB of the cache folder at 64, made in 10 s, 126 MB at 256, in 47 s,
            and 503 MB at 512.
    """

    factor_names = FACTOR_NAMES
    factor_sizes = FACTOR_SIZES
    source = "rendered"
    home, weight, licence, layout = "drawn here", "nothing", "that of this project", "none"

    def __init__(self, resolution):
        require_number("Rooms.resolution", resolution, minimum=64, integer=True)
        require(resolution <= 512, f"Rooms.resolution must be <= 512, got {resolution}")
        self.name = "rooms" if resolution == 64 else f"rooms{resolution}"
        self.image_shape = (resolution, resolution, 3)

    @functools.cached_property
    def arrays(self):
        resolution = self.image_shape[0]
        return {"scene": cache.array(f"rooms_{resolution}_v1", functools.partial(_draw, resolution))}

    def row_of(self, index):
        *_, scale, shape, orientation = FACTOR_SIZES
        return index % orientation * (scale * shape) + index // orientation % (scale * shape)

    @property
    def looks(self):
        return f"rooms, {self.image_shape[0]} px"

    def decode(self, rows, seed):
        del seed  # nothing random
        factors = self.factors_in_graph(rows["index"])
        colors = tf.gather(tf.constant(COLORS), factors[:, :3])
        white = tf.ones_like(colors[:, :1])
        light = tf.cast(tf.reshape(rows["scene"], [-1, self.image_shape[0] ** 2, 4]), tf.float32) / 255.0
        image = tf.matmul(light, tf.concat([colors, white], axis=1))
        return {"image": tf.reshape(image, [-1, *self.image_shape]), "factors": factors}
