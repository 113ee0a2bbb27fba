"""The figures of the label-relevant / irrelevant VAE and of its baselines (Zheng & Sun, CVPR 2019, Figures 2 to 9)."""

import gin
import numpy as np

from idgan_tf.data import half_circles
from idgan_tf.methods.cvae import CVAE
from idgan_tf.methods.label_faces import corrupt
from idgan_tf.visualize import axes, masks
from idgan_tf.visualize.examples import SEED, examples, labelled_examples
from idgan_tf.visualize.grids import beside, grid, label
from idgan_tf.visualize.registry import figure, pictures, points_in_the_plane

ROWS, IMAGES, STEPS = 10, 8, 9  # classes, images of the dataset, values along a line
LOW, HIGH = -3.0, 3.0  # three standard deviations of the prior of zu
DIMENSIONS = 3  # of zu, as in Figure 5
POINTS = 3000  # of a class, in the plane
WIDTH, HEIGHT = 3.5, 2.0  # of the plane, from its middle
COLOURS = ((34, 139, 34), (200, 30, 30), (30, 60, 200))  # green, red and blue, as in Figure 2


@figure(needs=(pictures, "generate_class"), while_training=True)
def classes(method, dataset, count=10):
    """A row of generated images for each class (Figures 3 and 8)."""
    rows, names = _classes(method, dataset)
    images = method.generate_class(np.repeat(rows, count), [SEED, 4])
    return label(grid(images, count), rows=names)


@figure(needs=(pictures, "generate_class", "reconstruct"), while_training=True)
def reconstructions(method, dataset, count=IMAGES):
    """Real images above what a cVAE rebuilds of each and its class."""
    batch = labelled_examples(dataset, count)
    images = np.concatenate([batch["image"], method.reconstruct(batch["image"], batch["label"])])
    return label(grid(images, count), rows=["real", "rebuilt"])


@figure(needs=(pictures, "interpolate_zs"))
def vary_zs(method, dataset):
    """One zu for all; zs along one line of noise, mapped into the class of the row (Figure 4a)."""
    rows, names = _classes(method, dataset)
    images = method.interpolate_zs(rows, STEPS, [SEED, 5])
    return label(_rows(images), "one zu; zs from one draw of the class to another", names)


@figure(needs=(pictures, "interpolate_zu"))
def vary_zu(method, dataset):
    """One zs a row; zu along the same line in every row (Figure 4b)."""
    rows, names = _classes(method, dataset)
    images = method.interpolate_zu(rows, STEPS, [SEED, 6])
    return label(_rows(images), "one zs a row; zu from one draw to another", names)


@figure(needs=(pictures, "vary_zu"))
def zu_dimensions(method, dataset):
    """The most informative dimensions of zu, each from -3 to 3, at one code of each class (Figure 5)."""
    rows, names = _classes(method, dataset)
    kl = np.asarray(method.kl_per_dimension(examples(dataset)))[method.zs_dim :]
    values = np.linspace(LOW, HIGH, STEPS, dtype=np.float32)
    pictures = []
    for dimension in np.argsort(-kl, kind="stable")[:DIMENSIONS]:
        images = method.vary_zu(rows, int(dimension), values, [SEED, 7])
        title = f"{method.called(method.zs_dim + dimension)}  {kl[dimension]:.2f} nats"
        pictures.append(label(_rows(images), title, () if pictures else names))
    return beside(pictures)


@figure(needs=(pictures, "swap"), while_training=True)
def swap(method, dataset, count=IMAGES):
    """zs of the image left of the row, zu of the image above the column (Figure 6), of images of the dataset.

    On the images of a fine-tuning, no identity was ever labelled.
    """
    image = examples(dataset, 2 * count)
    image_s, image_u = image[:count], image[count:]
    mixed = np.asarray(method.swap(image_s, image_u))
    blank = np.ones((1, *image.shape[1:]), np.float32)
    first = np.concatenate([blank, image_u])
    rest = [np.concatenate([image_s[row : row + 1], mixed[row]]) for row in range(count)]
    return label(grid(np.concatenate([first, *rest]), count + 1), "left: zs from, above: zu from")


@figure(needs=(pictures, "generate_class", "inpaint"))
@gin.configurable
def inpainting(method, dataset, count=IMAGES, mask=None):
    """Images, and under each mask what is left of them and how it is completed (Figure 7).

    A cVAE is told the class of each; the label-relevant / irrelevant VAE sees it.

    Args:
        mask: a picture that is white where images miss something, instead of the four masks of the paper.
    """
    batch = labelled_examples(dataset, count)
    image, classes_of = batch["image"], [batch["label"]] if isinstance(method, CVAE) else []
    height, width = image.shape[1:3]
    if mask is None:
        shapes = {name.replace("_", " "): masks.mask(name, height, width) for name in masks.BOXES}
    else:
        shapes = {"mask": masks.read(mask, height, width)}
    images, names = [image], ["real"]
    for name, missing in shapes.items():
        images += [corrupt(image, missing), method.inpaint(image, missing, *classes_of)]
        names += [name, "completed"]
    return label(grid(np.concatenate(images), count), rows=names)


@figure(needs=(points_in_the_plane, "generate_class"), while_training=True)
def points(method, dataset):
    """Real toy points beside generated ones, a colour for each class, and each class's spread along y (Figure 2)."""
    label_of = np.asarray(dataset.arrays["label"])
    rng = np.random.default_rng(SEED)
    clouds = {"real": [], "generated": []}
    for c in range(dataset.num_classes):
        rows = rng.choice(np.flatnonzero(label_of == c), POINTS)
        clouds["real"].append(half_circles.points(dataset.take(rows)["image"]))
        clouds["generated"].append(half_circles.points(method.generate_class(np.full(POINTS, c), [SEED, 8 + c])))
    figure, panels = axes.panels(2)
    for (name, cloud), panel in zip(clouds.items(), panels, strict=True):
        _scatter(panel, name, cloud)
    return axes.picture(figure)


def _scatter(panel, name, clouds):
    """Points [N, 2] of each class in the plane."""
    everything = np.concatenate([np.column_stack([cloud, np.full(len(cloud), c)]) for c, cloud in enumerate(clouds)])
    x, y, c = np.random.default_rng(0).permutation(everything).T  # so that no class hides another
    panel.scatter(x, y, s=3, c=np.array(COLOURS)[c.astype(int)] / 255.0, lw=0, antialiased=False)
    spread = ", ".join(f"{cloud[:, 1].std():.2f}" for cloud in clouds)
    title = f"{name}: standard deviation of y\n(green, red, blue) {spread}"
    panel.set(title=title, xlim=(-WIDTH, WIDTH), ylim=(-HEIGHT, HEIGHT), aspect="equal", axisbelow=True)
    panel.grid(alpha=0.3)


def _classes(method, dataset):
    """(the first classes, their names)."""
    rows = list(range(min(ROWS, method.num_classes)))
    names = tuple(getattr(dataset, "class_names", ()))
    return rows, [names[c] if len(names) == method.num_classes else str(c) for c in rows]


def _rows(images):
    """Images [K, V, H, W, C] as a picture of K rows."""
    images = np.asarray(images)
    return grid(images.reshape(-1, *images.shape[2:]), images.shape[1])
