"""The figures of a run: what a method can show, with fixed seeds, as uint8 pictures."""

import numpy as np
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.methods.faces import CodeFaces
from idgan_tf.visualize.grids import beside, grid, label, save_png

EXAMPLES = 64
SEED = 2001


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
    paths = []
    for name in names or possible:
        paths.append(run.figures / f"{name}.png")
        save_png(paths[-1], possible[name](method, dataset))
    return paths


def available(method):
    """{name: function(method, dataset) -> picture} of the figures a method can have."""
    if not isinstance(method, CodeFaces) or method.image_shape[2] not in (1, 3):
        return {}
    found = {}
    if hasattr(method, "generate"):
        found["samples"] = samples
    if hasattr(method, "encode"):
        found["reconstructions"] = reconstructions
    if method.code_dim:
        found["traversal"] = traversal
    return found


def training_pictures(method, dataset):
    """{name: picture} worth looking at while a method trains."""
    return {name: draw(method, dataset) for name, draw in available(method).items() if name != "traversal"}


def examples(dataset, count=EXAMPLES):
    """The same `count` images of a dataset every time, [count, H, W, C]."""
    indices = np.random.default_rng(SEED).integers(dataset.num_examples, size=count)
    return dataset.take(indices)["image"]


def _generate(method, c):
    """Images of codes [B, D], with s drawn from N(0, I)."""
    return method.generate(tf.random.stateless_normal([c.shape[0], method.nuisance_dim], [SEED, 2]), c)


def samples(method, dataset):
    """An 8 x 8 grid of x = G(s, c), c as in training: from q(c|x) of fixed images, or from the prior."""
    return grid(_generate(method, method.sample_code(examples(dataset), [SEED, 1])), columns=8)


def reconstructions(method, dataset, count=8):
    """Columns of one image each: real, the VAE's decoder and the generator where there is one."""
    image = examples(dataset)[:count]
    mean, _ = method.encode(image)
    rows, names = [image], ["real"]
    if hasattr(method, "decode"):
        rows.append(method.decode(mean))
        names.append("decoder")
    if hasattr(method, "generate"):
        rows.append(_generate(method, mean))
        names.append("generator")
    return label(grid(np.concatenate(rows), columns=count), rows=names)


def traversal(method, dataset, start=0, low=-3.0, high=3.0, steps=7):
    """One row per code dimension, sorted by KL, each dimension from `low` to `high` at the code of one image.

    Without an encoder, at c = 0. The decoder stands left, the generator right, where a method has both.
    """
    if hasattr(method, "encode"):
        image = examples(dataset)
        kl = np.asarray(method.kl_per_dimension(image))
        mean, _ = method.encode(image[start : start + 1])
    else:
        kl, mean = np.zeros(method.code_dim), np.zeros((1, method.code_dim))
    order = np.argsort(-kl, kind="stable")
    values = np.linspace(low, high, steps)
    c = np.repeat(np.asarray(mean), len(order) * steps, axis=0)
    for row, dimension in enumerate(order):
        c[row * steps : (row + 1) * steps, dimension] = values
    c = tf.constant(c, tf.float32)
    names = [f"c{d}  {kl[d]:.2f}" for d in order]
    ticks = [f"{value:g}" for value in values]
    pictures = {}
    if hasattr(method, "decode"):
        pictures["decoder"] = grid(method.decode(c), steps)
    if hasattr(method, "generate"):
        s = tf.random.stateless_normal([1, method.nuisance_dim], [SEED, 3])
        pictures["generator"] = grid(method.generate(tf.repeat(s, c.shape[0], axis=0), c), steps)
    (first, picture), *rest = pictures.items()
    left = label(picture, f"{first}   (rows: dimension, KL in nats)", names, ticks)
    return beside([left, *(label(picture, name, columns=ticks) for name, picture in rest)])
