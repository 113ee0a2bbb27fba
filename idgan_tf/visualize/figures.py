"""The figures of a run: what a method can show, with fixed seeds, as uint8 pictures."""

import numpy as np
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.image_files import save
from idgan_tf.methods.faces import can
from idgan_tf.visualize import label_figures  # noqa: F401 - its figures come first
from idgan_tf.visualize.examples import EXAMPLES, SEED, examples
from idgan_tf.visualize.grids import beside, grid, label, letters
from idgan_tf.visualize.registry import available, codes_of_images, continuous, figure, no_classes, pictures_of_codes
from idgan_tf.visualize.rendering import MOST, decode, draws, generate, real, traversal_values, traversed


def write(run, method, dataset, names=()):
    """Draws figures of a run into its `figures/`.

    Args:
        names: of figures; by default all that the method can have.

    Returns:
        The paths.

    Raises:
        ConfigError: a name is unknown, or the method cannot have that figure.
    """
    possible = available(method, dataset)
    for name in names:
        if name not in possible:
            raise ConfigError(f"{type(method).__name__} has no figure {name!r}; it has {', '.join(possible)}")
    about = {"run": run.name, "step": int(method.step.numpy()), "data": dataset.describe(), "seed": SEED}
    paths = []
    for name in names or possible:
        protocol = {"figure": name, "shows": possible[name].shows, **about}
        paths.append(save(run.figures / name, possible[name].draw(method, dataset), protocol))
    return paths


def training_pictures(method, dataset):
    """{name: (picture, what it shows)} worth looking at while a method trains."""
    return {
        name: (figure.draw(method, dataset), figure.shows)
        for name, figure in available(method, dataset).items()
        if figure.while_training
    }


@figure(needs=(pictures_of_codes, no_classes), while_training=True)
def samples(method, dataset):
    """An 8 x 8 grid of x = G(s, c), c as in training: from q(c|x) of fixed images, or from the prior.

    Of a VAE, its decoder's images of the prior.
    """
    return grid(draws(method, dataset, EXAMPLES, columns=8), columns=8)


@figure(needs=(pictures_of_codes, "generate", codes_of_images))
def samples_prior(method, dataset):
    """The same with c ~ N(0, I): codes that no image had (ID-GAN's sample writer; of IB-GAN, r ~ m(r))."""
    del dataset
    return grid(generate(method, method.sample_prior(EXAMPLES, [SEED, 1]), columns=8), columns=8)


@figure(needs=(pictures_of_codes, "encode"), while_training=True)
def reconstructions(method, dataset, count=8):
    """Columns of one image each: real, the VAE's decoder and the generator where there is one."""
    mean, _ = method.encode(examples(dataset, count))
    rows, names = [real(method, dataset, count)], ["real"]
    if can(method, "decode"):
        rows.append(decode(method, mean, count))
        names.append("decoder")
    if can(method, "generate"):
        rows.append(generate(method, mean, columns=count))
        names.append("generator")
    return label(grid(np.concatenate(rows), columns=count), rows=names)


@figure(needs=(pictures_of_codes, "code_dim"), while_training=True)
def traversal(method, dataset):
    """One row per code dimension, sorted by KL, each over `traversal_range` at the code of one image.

    Without an encoder, at c = 0. The decoder stands left, the generator right, where a method has both.
    """
    return _traversal(method, dataset)


@figure(needs=(pictures_of_codes, "code_dim"))
def traversal_movie(method, dataset, steps=15):
    """Frames of the traversal, there and back: a column for every dimension, sorted by KL.

    `steps` is its own: `traversal.steps` images would be too few for a movement.
    """
    values = traversal_values(method, steps)
    steps = len(values)
    drawn, order, _ = traversed(method, dataset, values, min(MOST, method.code_dim))
    names = [method.called(d) for d in order]
    frames = []
    for t in [*range(steps), *range(steps - 2, 0, -1)]:
        images = np.concatenate([np.asarray(images)[t::steps] for images in drawn.values()])
        frames.append(label(grid(images, len(order)), f"dimension at {values[t]:+.2f}", list(drawn), names))
    return frames


@figure(needs=(pictures_of_codes, "code_dim", no_classes))
def traversal_prior(method, dataset):
    """The traversal at one c ~ N(0, I), which the released codes of ID-GAN and IB-GAN draw."""
    return _traversal(method, dataset, start=method.sample_prior(1, [SEED, 9]))


@figure(needs=(pictures_of_codes, "code_dim", "encode", continuous))
def traversal_added(method, dataset):
    """The traversal whose values are added to the code of the image: the second one of ID-GAN's released code."""
    return _traversal(method, dataset, added=True)


def _traversal(method, dataset, start=None, added=False):
    values = traversal_values(method)
    drawn, order, kl = traversed(method, dataset, values, _sides(method) * len(values), start, added)
    names = [method.called(d) + (f"  {abs(kl[d]):.2f}" if can(method, "encode") else "") for d in order]
    ticks = [f"{value:+.2g}" if added else f"{value:.2g}" for value in values]
    titles = list(drawn)
    titles[0] += "   (rows: dimension, KL in nats)" if can(method, "encode") else "   (rows: dimension)"
    grids = [grid(images, len(values)) for images in drawn.values()]
    size = letters(sum(picture.shape[1] for picture in grids))
    sides = zip(grids, titles, [names, ()], strict=False)
    return beside([label(picture, title, rows, ticks, size) for picture, title, rows in sides])


def _sides(method):
    return can(method, "decode") + can(method, "generate")


@figure(needs=(pictures_of_codes, "encode", "decode", "generate"))
def decoder_generator(method, dataset, count=10):
    """The decoder's images above the generator's, for the same codes (ID-GAN, Figure 7)."""
    mean, _ = method.encode(examples(dataset, count))
    images = np.concatenate([decode(method, mean, count), generate(method, mean, columns=count)])
    return label(grid(images, columns=count), rows=["decoder", "generator"])


@figure(needs=(pictures_of_codes,))
def row(method, dataset, count=8):
    """One line: draws, then the two most informative dimensions of the code; to set methods under each other."""
    values = traversal_values(method)
    steps = len(values)
    columns = count + 2 * steps
    parts = [label(grid(draws(method, dataset, count, columns), count), "samples")]
    if method.code_dim:
        drawn, order, _ = traversed(method, dataset, values, columns)
        *_, images = drawn.values()
        for i, dimension in enumerate(order[:2]):
            title = f"{method.called(dimension)} from {values[0]:g} to {values[-1]:g}"
            parts.append(label(grid(images[i * steps : (i + 1) * steps], steps), title))
    return beside(parts)


@figure(needs=(pictures_of_codes, "code_dim", "nuisance_dim"), while_training=True)
def same_code(method, dataset, count=6):
    """Rows of one c and many s: what the nuisance changes (ID-GAN, Figures 5 and A.5), the decoder's image first."""
    c, s = _codes_and_nuisances(method, dataset, count)
    columns = count + can(method, "decode")
    images = generate(method, tf.repeat(c, count, axis=0), tf.tile(s, [count, 1]), columns)
    images, names = images.reshape(count, count, *images.shape[1:]), _numbered("s", count)
    if can(method, "decode"):
        images, names = np.concatenate([decode(method, c, columns)[:, None], images], axis=1), ["decoder", *names]
    return label(grid(images.reshape(-1, *images.shape[2:]), columns), None, _numbered("c", count), names)


@figure(needs=(pictures_of_codes, "code_dim", "nuisance_dim"))
def same_nuisance(method, dataset, count=6):
    """Rows of one s and many c: what the code changes (ID-GAN, Figures 8 and A.7), the decoder's images first."""
    c, s = _codes_and_nuisances(method, dataset, count)
    images, names = generate(method, tf.tile(c, [count, 1]), tf.repeat(s, count, axis=0), count), _numbered("s", count)
    if can(method, "decode"):
        images, names = np.concatenate([decode(method, c, count), images]), ["decoder", *names]
    return label(grid(images, columns=count), None, names, _numbered("c", count))


def _codes_and_nuisances(method, dataset, count):
    c = method.sample_code(examples(dataset, count), [SEED, 1])
    return c, tf.random.stateless_normal([count, method.nuisance_dim], (SEED, 2))


def _numbered(name, count):
    return [f"{name} {i + 1}" for i in range(count)]
