"""What figures there are: `@figure` at a function makes one of it, under the function's name.

Those of this folder are found by themselves, those of a user's own module once a gin file imports it:

    @figure(needs=("encode", "decode"), while_training=True)
    def mine(method, dataset):
        \"""The first line says what it shows: in the picture's metadata, and in `bin/visualize --list`.\"""
        return grid(method.decode(method.encode(examples(dataset))[0]), columns=8)
"""

import importlib
import pathlib
import pkgutil
from collections.abc import Callable
from typing import NamedTuple

from idgan_tf.data.factors import FactorDataset
from idgan_tf.data.half_circles import HalfCircles
from idgan_tf.errors import require
from idgan_tf.methods.faces import PRIOR, can
from idgan_tf.visualize.rendering import has_pictures

OF_A_RUN, OF_RUNS, OF_LOGS = "of a run", "of several runs in one picture", "of what runs wrote down"
OPTIONS = {OF_RUNS: ("join", "title", "real")}  # of `figure`, besides those of every kind: see `comparisons`
FIGURES = {}  # {module and name of the function: Figure}, in the order in which they were registered


class Figure(NamedTuple):
    """A figure that can be asked for.

    Attributes:
        name: what it is called, in commands and of its file.
        kind: OF_A_RUN, OF_RUNS or OF_LOGS.
        draw: of a run, (method, dataset) -> picture uint8 [H, W, 3], or a list of them, the frames of a movie; of
            several runs, (method, dataset) -> `comparisons.Part`; of what runs wrote down, (list of `run_log.Log`) ->
            picture.
        needs: what a method must have, not 0, and functions (method, dataset) -> bool named after what they look for.
        while_training: whether a training draws it now and then.
        options: what figures of several runs say besides: see `comparisons`.
    """

    name: str
    kind: str
    draw: Callable
    needs: tuple
    while_training: bool
    options: dict

    @property
    def shows(self):
        """What it shows, in a line."""
        return (self.draw.__doc__ or "").splitlines()[0]

    @property
    def needed(self):
        """What it needs, as text."""
        names = (need if isinstance(need, str) else need.__name__ for need in self.needs)
        return ", ".join(name.replace("_", " ") for name in names)

    def fits(self, method, dataset):
        """Whether this method, with these images, has what it needs."""
        return all(
            bool(getattr(method, need, None)) if isinstance(need, str) else need(method, dataset) for need in self.needs
        )


def figure(name=None, kind=OF_A_RUN, needs=(), while_training=False, **options):
    """Makes a figure of the function below; `name` is by default the function's own.

    Raises:
        ConfigError: it has no docstring, it says what figures of its kind do not, or a figure of another module has
            the name. Two of this folder may share one, where no method has what both need.
    """

    def register(draw):
        told = f"{draw.__name__}: the first line of a figure's docstring says what it shows; it has none"
        require((draw.__doc__ or "").strip(), told)
        known_options = OPTIONS.get(kind, ())
        for option in options:
            more = ", ".join(("name", "kind", "needs", "while_training", *known_options))
            require(option in known_options, f"{draw.__name__}: @figure has no {option!r}; it has {more}")
        made, module = Figure(name or draw.__name__, kind, draw, tuple(needs), while_training, options), draw.__module__
        if not module.startswith(f"{__package__}."):
            _import_ours()
            taken = {f.draw.__module__ for f in FIGURES.values() if f.name == made.name} - {module}
            require(not taken, f"{module} has a figure {made.name}, and {', '.join(taken)} has one already; rename it")
        FIGURES[f"{module}.{made.name}"] = made
        return draw

    return register


def _import_ours():
    for module in pkgutil.iter_modules([str(pathlib.Path(__file__).parent)]):
        importlib.import_module(f"{__package__}.{module.name}")


def known(*kinds):
    """{name: Figure} of these kinds, or of all."""
    _import_ours()
    return {found.name: found for found in FIGURES.values() if not kinds or found.kind in kinds}


def available(method, dataset):
    """{name: Figure} of the figures of a run that this method can have."""
    known()
    return {f.name: f for f in FIGURES.values() if f.kind == OF_A_RUN and f.fits(method, dataset)}


def pictures(method, dataset):
    """Whether the method draws images that a screen can show, of codes or of classes."""
    del dataset
    return has_pictures(method) or (can(method, "generate_class") and method.image_shape[2] in (1, 3))


def pictures_of_codes(method, dataset):
    """Whether it draws them of codes."""
    del dataset
    return has_pictures(method)


def codes_of_images(method, dataset):
    """Whether its training takes codes from images, so that those of the prior are others."""
    del dataset
    return method.codes != PRIOR


def continuous(method, dataset):
    """Whether any number may be a value of its code."""
    del dataset
    return not method.levels


def no_classes(method, dataset):
    """Whether it is told no classes: their codes have another prior."""
    del dataset
    return not can(method, "generate_class")


def points_in_the_plane(method, dataset):
    """Whether its images are the toy points."""
    del dataset
    return tuple(method.image_shape) == HalfCircles.image_shape


def encode_or_reconstruct(method, dataset):
    """Whether it rebuilds images, by their codes or by their classes."""
    del dataset
    return can(method, "encode") or can(method, "reconstruct")


def known_factors(method, dataset):
    """Whether the factors of the images are known."""
    del method
    return isinstance(dataset, FactorDataset)
