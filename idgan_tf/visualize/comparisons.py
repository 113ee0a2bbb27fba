"""Figures of several runs in one picture: what each draws, of the same images and codes where they have them.

A figure is a function (method, dataset) -> `Part` of one run, and says besides how the parts are joined:

    join: (title, [(run's name, `Part`)]) -> picture
    title: what it shows, as text
    real: (method, dataset) -> `Part` of real images above the runs of a dataset, if there are to be some
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from absl import logging

from idgan_tf import run_directory
from idgan_tf.errors import CheckpointError, ConfigError, DataError, message, require
from idgan_tf.evaluation.codes import mig
from idgan_tf.evaluation.samples import representation
from idgan_tf.image_files import save
from idgan_tf.methods.faces import can
from idgan_tf.visualize import registry
from idgan_tf.visualize.examples import SEED, examples, labelled_examples
from idgan_tf.visualize.grids import beside, grid, label, letters, to_uint8, under
from idgan_tf.visualize.registry import (
    OF_RUNS,
    encode_or_reconstruct,
    figure,
    known_factors,
    pictures,
    pictures_of_codes,
)
from idgan_tf.visualize.rendering import (
    draws,
    generate,
    rendered,
    resized,
    shown_size,
    traversal_values,
    traversed,
    varied,
)

COLUMNS, DRAWS = 10, 4  # images in a row, rows of draws of a run
NUISANCES = 3  # of an image, as in ID-GAN's Figure 5
SMALLEST = 64  # pixels of an image, so that the name of a class fits above it
INFORMED, BINS = 2000, 20  # images that say which dimension tells a factor, and bins of its values


class Part(NamedTuple):
    """What a figure shows of one run.

    Attributes:
        images: [R, C, h, w, c] in [0, 1].
        rows: names, evenly spread over the R rows.
        columns: C names, or ().
    """

    images: np.ndarray
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()


def write(found, names, load, folder=None):
    """Draws figures of runs, one run after the other, so that there is one model in memory at a time.

    Args:
        found: `run_directory.Run`s.
        names: of figures of several runs.
        load: run -> (method, dataset).
        folder: where to; by default `figures/` of the folder that holds all runs; of one run, its own.

    Returns:
        The paths, of the figures that some run can have.

    Raises:
        ConfigError: no run can have any of them.
        ConfigError, CheckpointError, DataError: no run can be loaded.
    """
    figures = registry.known(registry.OF_RUNS)
    parts, loaded = {name: [] for name in names}, {}
    for run, title in zip(found, run_directory.titles(found), strict=True):
        try:
            method, dataset = load(run)
        except (ConfigError, CheckpointError, DataError) as error:
            if run is found[-1] and not loaded:
                raise
            logging.warning("%s is left out: %s", run.path, message(error))
            continue
        loaded[run.path] = f"{run.path} at step {int(method.step.numpy())}"
        for name in names:
            asked = figures[name]
            if not asked.fits(method, dataset):
                logging.warning("%s is left out of %s, which needs %s", run.path, name, asked.needed)
                continue
            data, real = dataset.describe(), asked.options.get("real")
            if real and data not in [known for known, *_ in parts[name]]:
                parts[name].append((data, None, f"real ({dataset.name})", real(method, dataset)))
            parts[name].append((data, run.path, title, asked.draw(method, dataset)))
    wanted = "; ".join(f"{name} needs {figures[name].needed}" for name in names)
    require(any(parts.values()), f"{wanted}: none of these runs has it")
    paths = []
    for name in filter(parts.get, names):
        asked = figures[name]
        data = list(dict.fromkeys(data for data, *_ in parts[name]))
        shown = [(path, title, part) for some in data for data_of, path, title, part in parts[name] if data_of == some]
        picture = asked.options["join"](asked.options["title"], [(title, part) for _, title, part in shown])
        about = {"figure": name, "shows": asked.shows, "seed": SEED}
        about |= {"runs": "; ".join(loaded[path] for path, *_ in shown if path in loaded), "data": "; ".join(data)}
        paths.append(save((folder or run_directory.figures_of(found)) / name, picture, about))
    return paths


def under_each_other(title, parts):
    """Bands of runs under each other, all images of one size, the run's name left of them.

    Names of columns stand at the top where all bands have the same, else above each that has some.
    """
    parts = _of_one_size(parts)
    width = parts[0][1].images.shape[1] * (parts[0][1].images.shape[3] + 2)
    alike = len({tuple(part.columns) for _, part in parts}) == 1
    bands = []
    for i, (name, part) in enumerate(parts):
        rows = [f"{name}  {row}".rstrip() for row in part.rows or [""]]
        above = () if alike and i else part.columns
        bands.append(label(_grid(part), None, rows, above, letters(width)))
    return label(under(bands), title, size=letters(width))


def beside_each_other(title, parts):
    """Panels of runs beside each other, all images of one size, the run's name above them."""
    parts = _of_one_size(parts)
    size = letters(sum(part.images.shape[1] * part.images.shape[3] for _, part in parts))
    panels = [label(_grid(part), name, part.rows, part.columns, size) for name, part in parts]
    return label(beside(panels, gap=24), title, size=size)


def _grid(part):
    return grid(part.images.reshape(-1, *part.images.shape[2:]), part.images.shape[1])


def _of_one_size(parts):
    """The same, images as large as the largest, `SMALLEST` at least, and in three channels."""
    size = tuple(np.max([(SMALLEST, SMALLEST), *(part.images.shape[2:4] for _, part in parts)], axis=0))
    return [(name, part._replace(images=_as(part.images, size))) for name, part in parts]


def _as(images, size):
    images = to_uint8(images) / np.float32(255.0)
    flat = np.asarray(resized(images.reshape(-1, *images.shape[2:]), size))
    return flat.reshape(*images.shape[:2], *flat.shape[1:])


def real_samples(method, dataset):
    """As many images of the dataset, of the same classes where the method has them; blank ones where there are none."""
    images, names = examples(dataset, DRAWS * COLUMNS), ()
    if can(method, "generate_class"):
        classes, names = _classes(method, dataset)
        label_of = np.asarray(dataset.arrays["label"]).reshape(-1)
        rows = [np.random.default_rng([SEED, c]).permutation(np.flatnonzero(label_of == c)) for c in classes]
        rows = [np.resize(members, DRAWS) for members in rows]  # over again where a class has fewer
        blank = np.tile(~np.isin(classes, label_of), DRAWS)
        images = dataset.take(np.transpose(rows).reshape(-1))["image"]
        images = tf.where(blank[:, None, None, None], 1.0, images)
    return Part(_rows(resized(images, shown_size(method, COLUMNS)), COLUMNS), columns=names)


@figure(
    "compare_samples",
    OF_RUNS,
    needs=(pictures,),
    join=under_each_other,
    real=real_samples,
    title="real images and samples",
)
def samples(method, dataset):
    """Rows of draws of each run, under real images; of methods of labelled images, a column for every class.

    Codes are as in training: GANs of one teacher and one dataset draw the same codes.
    """
    if can(method, "generate_class"):
        classes, names = _classes(method, dataset)
        images = method.generate_class(np.tile(classes, DRAWS), [SEED, 4])
        return Part(_rows(images, COLUMNS), columns=names)
    return Part(_rows(draws(method, dataset, DRAWS * COLUMNS, COLUMNS), COLUMNS))


def _classes(method, dataset):
    """(the classes of `COLUMNS` columns, the first ones over again where there are fewer, their names)."""
    classes, names = np.arange(COLUMNS) % method.num_classes, tuple(getattr(dataset, "class_names", ()))
    return classes, [str(names[c] if len(names) == method.num_classes else c) for c in classes]


def real_examples(method, dataset):
    """The images of `renderings`."""
    return Part(_rows(resized(examples(dataset, COLUMNS), shown_size(method, COLUMNS)), COLUMNS))


@figure(
    "compare_renderings",
    OF_RUNS,
    needs=(pictures, encode_or_reconstruct),
    join=under_each_other,
    real=real_examples,
    title="real images and their codes, drawn",
)
def renderings(method, dataset):
    """The same real images, a column each, and what each run draws of their codes, with several nuisances."""
    batch = labelled_examples(dataset, COLUMNS)
    if can(method, "reconstruct"):
        return Part(_rows(method.reconstruct(batch["image"], batch["label"]), COLUMNS))
    mean, _ = method.encode(batch["image"])
    if not getattr(method, "nuisance_dim", 0):
        return Part(_rows(rendered(method, mean, COLUMNS), COLUMNS))
    s = tf.random.stateless_normal([NUISANCES, method.nuisance_dim], (SEED, 2))
    images = generate(method, tf.tile(mean, [NUISANCES, 1]), tf.repeat(s, COLUMNS, axis=0), COLUMNS)
    return Part(_rows(images, COLUMNS), tuple(f"s {i + 1}" for i in range(NUISANCES)))


@figure(
    "compare_traversals",
    OF_RUNS,
    needs=(pictures_of_codes, "code_dim"),
    join=beside_each_other,
    title="traversals of the code of one image (rows: dimension, KL in nats)",
)
def traversals(method, dataset):
    """Panels of runs, each with its traversal: a row per dimension, sorted by KL, at the code of the same image."""
    values = traversal_values(method)
    drawn, order, kl = traversed(method, dataset, values, 2 * len(values))
    *_, images = drawn.values()  # the generator's where there is one
    names = [method.called(d) + (f"  {abs(kl[d]):.2f}" if can(method, "encode") else "") for d in order]
    return Part(_rows(images, len(values)), names, _ticks(values))


@figure(
    "compare_factors",
    OF_RUNS,
    needs=(pictures_of_codes, "encode", known_factors),
    join=beside_each_other,
    title="rows: factor, the dimension that tells most of it, how much in nats",
)
def factors(method, dataset):
    """Panels of runs: a row per factor of the data, over the dimension that tells most of it, in nats.

    Each row starts with a real image and traverses its code: all factors in the middle of their values, and, where
    the shape is one, every shape in its turn.
    """
    values = traversal_values(method)
    sample = dataset.sample_factors(INFORMED, np.random.default_rng(SEED))
    information = mig.information_matrix(representation.of(method, dataset)(sample), sample, BINS)
    told = np.argmax(information, axis=0)
    rows, names = [], []
    for classes in _middles(dataset):
        image = dataset.images(classes[None])
        mean, _ = method.encode(image)
        drawn = _rows(rendered(method, varied(mean, told, values), COLUMNS), len(values))
        first = np.repeat(np.asarray(resized(image, drawn.shape[2:4]))[None], len(told), axis=0)
        rows.append(np.concatenate([first, drawn], axis=1))
        names += [
            f"{n}: {method.called(d)}  {information[d, k]:.2f}"
            for k, (n, d) in enumerate(zip(dataset.factor_names, told, strict=True))
        ]
    return Part(np.concatenate(rows), names, ("real", *_ticks(values)))


def _middles(dataset):
    """Factor classes in the middle of their values, [S, K]: one line, or one for every shape."""
    middle = np.array([size // 2 for size in dataset.factor_sizes])
    if "shape" not in dataset.factor_names:
        return middle[None]
    shape = dataset.factor_names.index("shape")
    lines = np.repeat(middle[None], dataset.factor_sizes[shape], axis=0)
    lines[:, shape] = np.arange(len(lines))
    return lines


def _ticks(values):
    return [f"{value:.2g}" for value in values]


def _rows(images, columns):
    """Images [R * C, h, w, c] as [R, C, h, w, c]."""
    images = np.asarray(images)
    return images.reshape(-1, columns, *images.shape[1:])
