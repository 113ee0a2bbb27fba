"""Images of codes as figures show them: at a size that fits a row, a few at a time, with fixed seeds."""

import math

import gin
import numpy as np
import tensorflow as tf

from idgan_tf.errors import require, require_number
from idgan_tf.methods.faces import CodeFaces, can, draws_by
from idgan_tf.visualize.examples import SEED, examples, labelled_examples

AT_ONCE = 256 * 64 * 64 * 3  # numbers of the images that a generator makes in one call
MOST = 20  # dimensions of a traversal, the most informative ones
WIDEST = 2048  # pixels of the images of a row together; larger ones are shrunk


def has_pictures(method):
    """Whether a method has a code c, and images of it that a screen can show."""
    return isinstance(method, CodeFaces) and method.image_shape[2] in (1, 3)


def shown_size(method, columns):
    """(height, width) at which images stand in a row of `columns`: their own, or a whole part of it."""
    height, width, _ = method.image_shape
    factor = max(1, math.ceil(width * columns / WIDEST))
    return height // factor, width // factor


def resized(images, size):
    """Images [B, h, w, c] at a size (height, width)."""
    if tuple(images.shape[1:3]) == tuple(size):
        return images
    return tf.image.resize(images, size, "area" if images.shape[1] > size[0] else "bilinear")


def real(method, dataset, count):
    """The first examples, [count, h, w, C] as they stand in a row."""
    return resized(examples(dataset, count), shown_size(method, count))


def generate(method, c, s=None, columns=1):
    """Images of codes [B, D] as they stand in a row, a few at a time; s [B, S] is drawn from N(0, I) unless given."""
    s = tf.random.stateless_normal([c.shape[0], method.nuisance_dim], (SEED, 2)) if s is None else s
    return drawn_in_parts(method, lambda i: resized(method.generate(s[i], c[i]), shown_size(method, columns)), len(c))


def decode(method, c, columns=1):
    """The decoder's images of codes [B, D] as they stand in a row, a few at a time."""
    return drawn_in_parts(method, lambda i: as_shown(method, method.decode(c[i]), columns), len(c))


def drawn_in_parts(method, draw, count):
    """draw(slice) of `count` images, joined, without all of them at their full size at once."""
    step = max(1, AT_ONCE // math.prod(method.image_shape))
    return np.concatenate([np.asarray(draw(slice(i, i + step))) for i in range(0, count, step)])


def as_shown(method, images, columns=1):
    """Images of a teacher [B, h, w, c] at the size and the channels of the method's own."""
    images = resized(images, shown_size(method, columns))
    return tf.repeat(images, method.image_shape[2] // images.shape[-1], axis=-1)


def draws(method, dataset, count, columns=1):
    """`count` images x = G(s, c), c as in training: from q(c|x) of fixed images, or from the prior.

    Of a VAE, its decoder's images of the prior; of a method of labelled images, some of the classes of fixed images.
    """
    if draws_by(method) == "class":
        return as_shown(method, method.sample(labelled_examples(dataset, count), [SEED, 1]), columns)
    if draws_by(method) == "generator":
        return generate(method, method.sample_code(examples(dataset, count), [SEED, 1]), columns=columns)
    return decode(method, method.sample_prior(count, [SEED, 1]), columns)


def rendered(method, c, columns=1):
    """The generator's images of codes [B, D], one nuisance for all, or the decoder's where there is no generator."""
    if not can(method, "generate"):
        return decode(method, c, columns)
    s = tf.random.stateless_normal([1, method.nuisance_dim], (SEED, 3))
    return generate(method, c, tf.repeat(s, len(c), axis=0), columns)


@gin.configurable("traversal")
def traversal_asked(steps=7, image=None):
    """What is bound of traversals: (steps, image).

    Args:
        steps: values of a dimension; 7 in ID-GAN's code, 21 (-1 to 1 by 0.1) in IB-GAN's.
        image: which image of the dataset has the code that is traversed; by default the first example of all figures.
    """
    require_number("traversal.steps", steps, minimum=2, integer=True)
    if image is not None:
        require_number("traversal.image", image, minimum=0, integer=True)
    return steps, image


def traversal_values(method, steps=None):
    """The values [V] that a traversal gives to a dimension: `traversal_range` of the method in equal steps.

    Of a quantised code, levels: all of them, or those nearest to as many steps.

    Args:
        steps: how many; by default `traversal.steps`.
    """
    steps = traversal_asked()[0] if steps is None else steps
    low, high = method.traversal_range
    if not method.levels:
        return np.linspace(low, high, steps)
    levels = np.linspace(low, high, method.levels)
    return levels[np.linspace(0, method.levels - 1, min(steps, method.levels)).round().astype(int)]


def _code_of_image(method, dataset, shown):
    """The mean code [1, D] of `traversal.image`, by default of the first of the examples; 0 without an encoder."""
    _, image = traversal_asked()
    if shown is None:
        require(image is None, f"traversal.image = {image}, but {type(method).__name__} encodes no images")
        return np.zeros((1, method.code_dim))
    return method.encode(shown[:1] if image is None else dataset.take([image])["image"])[0]


def varied(start, dimensions, values, added=False):
    """Codes [D' * V, D]: the code [1, D] with each of D' dimensions at each of V values, or moved by them."""
    c = np.repeat(np.asarray(start, np.float32), len(dimensions) * len(values), axis=0)
    for row, dimension in enumerate(dimensions):
        here = slice(row * len(values), (row + 1) * len(values))
        c[here, dimension] = values + (c[here, dimension] if added else 0.0)
    return tf.constant(c)


def traversed(method, dataset, values, columns, start=None, added=False):
    """({"decoder": [D' * V, h, w, C], "generator": ...}, dimensions [D'] by falling KL, KL [D]) over values [V].

    The images are as they stand in a row of `columns`.

    Args:
        start: the code [1, D] to traverse; by default the mean code of `traversal.image`, or 0 without an encoder.
        added: whether the values are added to its own.

    Raises:
        ConfigError: there is no such image, or the method cannot encode it.
    """
    shown = examples(dataset) if can(method, "encode") else None
    kl = np.zeros(method.code_dim) if shown is None else np.asarray(method.kl_per_dimension(shown))
    order = np.argsort(-kl, kind="stable")[:MOST]
    c = varied(_code_of_image(method, dataset, shown) if start is None else start, order, values, added)
    drawn = {}
    if can(method, "decode"):
        drawn["decoder"] = decode(method, c, columns)
    if can(method, "generate"):
        drawn["generator"] = rendered(method, c, columns)
    return drawn, order, kl
