"""Which Frechet distance orders spoilt dSprites as eyes do? The table and the picture of docs/metrics.md:

python -m tests.evaluation.test_spoilt_sprites PICTURE.png
"""

import pathlib
import sys

import numpy as np
import pytest
from scipy import ndimage

from idgan_tf.data.dsprites import DSprites
from idgan_tf.evaluation.feature_networks import shipped
from idgan_tf.evaluation.features.fid import ACTIVE, evened, frechet_distance

COUNT = 3000  # images of a kind
ONE_KIND = ("squares alone", "ellipses alone", "hearts alone", "smallest alone", "largest alone", "upright alone")
BETTER = [  # (what eyes prefer, to what)
    *((sharp, "discs") for sharp in ONE_KIND),
    *((kind, "very ragged") for kind in ONE_KIND),
    *((kind, "very ragged discs") for kind in ONE_KIND),
    ("real", "blur of 1 px"),
    ("blur of 1 px", "blur of 2 px"),
    ("blur of 2 px", "discs, blur of 2 px"),
    ("discs, blur of 2 px", "black"),
    ("real", "ragged"),
    ("ragged", "very ragged"),
    ("ragged", "discs"),
    ("blur of 1 px", "discs"),
    ("discs", "very ragged discs"),
    ("discs", "discs, blur of 2 px"),
    ("very ragged discs", "black"),
    ("half as bright", "black"),
]


def kinds():
    """({kind: images [COUNT, 64, 64]}, other real images to compare them with)."""
    dataset = DSprites("rendered")

    def take(rows):
        parts = np.array_split(rows, -(-len(rows) // 500))
        return np.concatenate([np.asarray(dataset.take(part)["image"])[..., 0] for part in parts])

    rng = np.random.default_rng(0)
    rows = rng.permutation(dataset.num_examples)
    image, factors = take(rows[COUNT : 2 * COUNT]), dataset.factors(rows[COUNT : 2 * COUNT])

    def alone(factor, value):
        same = factors.copy()
        same[:, factor] = value
        return take(dataset.index(same))

    grain = blurred(rng.normal(size=image.shape), 1.0)
    grain /= np.std(grain)
    round_ones = discs(image)
    made = {
        "real": image,
        "ragged": ragged(image, 0.12 * grain),
        "blur of 1 px": blurred(image, 1.0),
        "blur of 2 px": blurred(image, 2.0),
        **{kind: alone(0, shape) for shape, kind in enumerate(ONE_KIND[:3])},
        "smallest alone": alone(1, 0),
        "largest alone": alone(1, 5),
        "upright alone": alone(2, 0),
        "discs": round_ones,
        "ragged discs": ragged(round_ones, 0.12 * grain),
        "very ragged": ragged(image, 0.3 * grain),
        "very ragged discs": ragged(round_ones, 0.3 * grain),
        "discs, blur of 2 px": blurred(round_ones, 2.0),
        "half as bright": 0.5 * image,
        "1 % of pixels turned": np.abs(image - (rng.random(image.shape) < 0.01)),
        "black": np.zeros_like(image),
    }
    return made, take(rows[:COUNT])


def blurred(image, deviation):
    return ndimage.gaussian_filter(image.astype(np.float32), (0, deviation, deviation))


def ragged(image, noise):
    """Sprites whose edge, blurred by 1.5 px, noise displaces."""
    soft = blurred(image, 1.5)
    return (soft + noise * (soft > 0.02) > 0.5).astype(np.float32)


def discs(image):
    """Discs as large as the sprites [N, 64, 64], and in their place."""
    y, x = np.mgrid[:64, :64]
    mass = np.sum(image, (1, 2))[:, None, None]
    square = sum((axis - np.sum(image * axis, (1, 2))[:, None, None] / mass) ** 2 for axis in (x, y))
    return (square < mass / np.pi).astype(np.float32)


def looks(images):
    """(pooled units, hidden units, softmax outputs) [N, F] of images [N, 64, 64] by the network of the package."""
    network = shipped.unpack(shipped.path_of("factor_classifier_dsprites"))
    found = []
    for part in np.array_split(images, -(-len(images) // 500)):
        pooled, hidden, logits = network.look(part[..., None].astype(np.float32))
        odds = [np.exp(logit - np.max(logit, axis=1, keepdims=True)) for logit in map(np.asarray, logits)]
        softmax = np.concatenate([odd / np.sum(odd, axis=1, keepdims=True) for odd in odds], axis=1)
        found.append((np.asarray(pooled), np.asarray(hidden), softmax))
    return [np.concatenate(units) for units in zip(*found, strict=True)]


def standardised(real):
    """Division by the standard deviation of the real images, of units that move in `ACTIVE` of them."""
    active = np.mean(real > 0, axis=0) >= ACTIVE
    return lambda units: units[:, active] / np.std(real[:, active], axis=0)


def table(images, real):
    """{kind: {definition: Frechet distance to real images}}."""
    pooled, hidden, softmax = looks(real)
    maps = {
        "raw": (1, lambda units: units, hidden),
        "hidden, standardised": (1, standardised(hidden), hidden),
        "hidden, evened": (1, evened(hidden), hidden),
        "softmax": (2, lambda units: units, softmax),
        "pooled, standardised": (0, standardised(pooled), pooled),
        "even": (0, evened(pooled), pooled),
    }
    found = {}
    for kind, spoilt in images.items():
        units = looks(spoilt)
        found[kind] = {name: frechet_distance(f(real), f(units[i])) for name, (i, f, real) in maps.items()}
    return found


@pytest.mark.slow
def test_the_even_distance_orders_spoilt_sprites_as_eyes_do_and_the_raw_one_does_not():
    found = table(*kinds())
    wrong = {name: [pair for pair in BETTER if found[pair[0]][name] >= found[pair[1]][name]] for name in found["real"]}
    assert not wrong["even"] and ("discs", "very ragged discs") in wrong["raw"]


def main(path):
    """Prints the table, sorted by the last column, and draws eight of every kind."""
    from idgan_tf import image_files
    from idgan_tf.visualize import grids

    images, real = kinds()
    found = table(images, real)
    names = list(found["real"])
    order = sorted(found, key=lambda kind: found[kind]["even"])
    print(f"| {COUNT:,} images | {' | '.join(names)} |\n|{'---|' * (1 + len(names))}")
    for kind in order:
        print(f"| {kind} | {' | '.join(f'{found[kind][name]:,.3g}' for name in names)} |")
    for name in names:
        print(f"{name}: not as eyes do {[pair for pair in BETTER if found[pair[0]][name] >= found[pair[1]][name]]}")
    drawn = np.concatenate([images[kind][:8] for kind in order])[..., None]
    image_files.save(pathlib.Path(path).with_suffix(""), grids.grid(drawn, columns=8))


if __name__ == "__main__":
    main(*sys.argv[1:])
