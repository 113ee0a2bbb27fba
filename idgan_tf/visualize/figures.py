"""The figures of a run: what a method can show, with fixed seeds, as uint8 pictures."""

import math

import numpy as np
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.methods.faces import PRIOR, CodeFaces
from idgan_tf.visualize import label_figures
from idgan_tf.visualize.examples import EXAMPLES, SEED, examples
from idgan_tf.visualize.grids import beside, grid, label, save

AT_ONCE = 256 * 64 * 64 * 3  # numbers of the images that a generator makes in one call
MOST = 20  # dimensions of a traversal, the most informative ones
WHILE_TRAINING = ("samples", "reconstructions", "traversal", "classes", "points")


def write(run, method, dataset, names=()):
    """Draws figures of a run into its `figures/`.

    Args:
        names: of figures; by default all that the method can have.

    Returns:
        The paths.

    Raises:
        ConfigError: a name is unknown, or the method cannot have that figure.
    """
    possible = available(method)
    for name in names:
        if name not in possible:
            raise ConfigError(f"{type(method).__name__} has no figure {name!r}; it has {', '.join(possible)}")
    about = {"run": run.name, "step": int(method.step.numpy()), "data": dataset.describe(), "seed": SEED}
    return [
        save(run.figures / name, possible[name](method, dataset), {"figure": name, **about})
        for name in names or possible
    ]


def available(method):
    """{name: function(method, dataset) -> picture, or list of frames} of the figures a method can have."""
    found = label_figures.available(method)
    if not isinstance(method, CodeFaces) or method.image_shape[2] not in (1, 3):
        return found
    if hasattr(method, "generate"):
        found["samples"] = samples
        if method.codes != PRIOR:
            found["samples_prior"] = samples_prior
    if hasattr(method, "encode"):
        found["reconstructions"] = reconstructions
    if method.code_dim:
        found["traversal"], found["traversal_movie"] = traversal, traversal_movie
    if all(hasattr(method, face) for face in ("encode", "decode", "generate")):
        found["decoder_generator"] = decoder_generator
    found["row"] = row
    if method.code_dim and getattr(method, "nuisance_dim", 0):
        found["same_code"], found["same_nuisance"] = same_code, same_nuisance
    return found


def training_pictures(method, dataset):
    """{name: picture} worth looking at while a method trains."""
    return {name: draw(method, dataset) for name, draw in available(method).items() if name in WHILE_TRAINING}


def _generate(method, c, s=None):
    """Images of codes [B, D], a few at a time; s [B, S] is drawn from N(0, I) unless given."""
    s = tf.random.stateless_normal([c.shape[0], method.nuisance_dim], [SEED, 2]) if s is None else s
    count = max(1, AT_ONCE // math.prod(method.image_shape))
    parts = [np.asarray(method.generate(s[i : i + count], c[i : i + count])) for i in range(0, c.shape[0], count)]
    return np.concatenate(parts)


def as_shown(method, images):
    """Images of a teacher [B, h, w, c] at the size and the channels of the method's own."""
    height, width, channels = method.image_shape
    if tuple(images.shape[1:3]) != (height, width):
        images = tf.image.resize(images, (height, width))
    return tf.repeat(images, channels // images.shape[-1], axis=-1)


def samples(method, dataset):
    """An 8 x 8 grid of x = G(s, c), c as in training: from q(c|x) of fixed images, or from the prior."""
    return grid(_generate(method, method.sample_code(examples(dataset), [SEED, 1])), columns=8)


def samples_prior(method, dataset):
    """The same with c ~ N(0, I): codes that no image had (ID-GAN's sample writer; of IB-GAN, r ~ m(r))."""
    del dataset
    return grid(_generate(method, method.sample_prior(EXAMPLES, [SEED, 1])), columns=8)


def row(method, dataset, count=8, steps=7):
    """One line: draws, then the two most informative dimensions of the code; to set methods under each other."""
    if hasattr(method, "generate"):
        drawn = _generate(method, method.sample_code(examples(dataset)[:count], [SEED, 1]))
    else:
        drawn = np.asarray(method.decode(method.sample_prior(count, [SEED, 1])))
    parts = [label(grid(drawn, count), "samples")]
    if method.code_dim:
        low, high = method.traversal_range
        drawn, order, _ = _traversed(method, dataset, np.linspace(low, high, steps))
        *_, images = drawn.values()
        for i, dimension in enumerate(order[:2]):
            title = f"c{dimension} from {low:g} to {high:g}"
            parts.append(label(grid(images[i * steps : (i + 1) * steps], steps), title))
    return beside(parts)


def reconstructions(method, dataset, count=8):
    """Columns of one image each: real, the VAE's decoder and the generator where there is one."""
    image = examples(dataset)[:count]
    mean, _ = method.encode(image)
    rows, names = [image], ["real"]
    if hasattr(method, "decode"):
        rows.append(as_shown(method, method.decode(mean)))
        names.append("decoder")
    if hasattr(method, "generate"):
        rows.append(_generate(method, mean))
        names.append("generator")
    return label(grid(np.concatenate(rows), columns=count), rows=names)


def decoder_generator(method, dataset, count=10):
    """The decoder's images above the generator's, for the same codes (ID-GAN, Figure 7)."""
    mean, _ = method.encode(examples(dataset)[:count])
    images = np.concatenate([as_shown(method, method.decode(mean)), _generate(method, mean)])
    return label(grid(images, columns=count), rows=["decoder", "generator"])


def same_code(method, dataset, count=6):
    """Rows of one c and many s: what the nuisance changes (ID-GAN, Figures 5 and 8)."""
    c, s = _codes_and_nuisances(method, dataset, count)
    images = _generate(method, tf.repeat(c, count, axis=0), tf.tile(s, [count, 1]))
    return label(grid(images, columns=count), "same c in a row, same s in a column")


def same_nuisance(method, dataset, count=6):
    """Rows of one s and many c: what the code changes (ID-GAN, Figures 5 and 8)."""
    c, s = _codes_and_nuisances(method, dataset, count)
    images = _generate(method, tf.tile(c, [count, 1]), tf.repeat(s, count, axis=0))
    return label(grid(images, columns=count), "same s in a row, same c in a column")


def _codes_and_nuisances(method, dataset, count):
    c = method.sample_code(examples(dataset, count), [SEED, 1])
    return c, tf.random.stateless_normal([count, method.nuisance_dim], [SEED, 2])


def traversal(method, dataset, steps=7):
    """One row per code dimension, sorted by KL, each over `traversal_range` at the code of one image.

    Without an encoder, at c = 0. The decoder stands left, the generator right, where a method has both.
    """
    values = np.linspace(*method.traversal_range, steps)
    drawn, order, kl = _traversed(method, dataset, values)
    names = [f"c{d}  {kl[d]:.2f}" for d in order]
    ticks = [f"{value:.2g}" for value in values]
    (first, images), *rest = drawn.items()
    left = label(grid(images, steps), f"{first}   (rows: dimension, KL in nats)", names, ticks)
    return beside([left, *(label(grid(images, steps), name, columns=ticks) for name, images in rest)])


def traversal_movie(method, dataset, steps=15):
    """Frames of the traversal, there and back: a column for every dimension, sorted by KL."""
    values = np.linspace(*method.traversal_range, steps)
    drawn, order, kl = _traversed(method, dataset, values)
    names = [f"c{d}" for d in order]
    frames = []
    for t in [*range(steps), *range(steps - 2, 0, -1)]:
        images = np.concatenate([np.asarray(images)[t::steps] for images in drawn.values()])
        frames.append(label(grid(images, len(order)), f"dimension at {values[t]:+.2f}", list(drawn), names))
    return frames


def _traversed(method, dataset, values):
    """({"decoder": [D' * V, H, W, C], "generator": ...}, dimensions [D'] by falling KL, KL [D]) over values [V]."""
    if hasattr(method, "encode"):
        image = examples(dataset)
        kl = np.asarray(method.kl_per_dimension(image))
        mean, _ = method.encode(image[:1])
    else:
        kl, mean = np.zeros(method.code_dim), np.zeros((1, method.code_dim))
    order = np.argsort(-kl, kind="stable")[:MOST]
    c = np.repeat(np.asarray(mean, np.float32), len(order) * len(values), axis=0)
    for row, dimension in enumerate(order):
        c[row * len(values) : (row + 1) * len(values), dimension] = values
    drawn = {}
    if hasattr(method, "decode"):
        drawn["decoder"] = as_shown(method, method.decode(tf.constant(c)))
    if hasattr(method, "generate"):
        s = tf.random.stateless_normal([1, method.nuisance_dim], [SEED, 3])
        drawn["generator"] = _generate(method, tf.constant(c), tf.repeat(s, len(c), axis=0))
    return drawn, order, kl
