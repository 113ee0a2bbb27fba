"""The figures of the label-relevant / irrelevant VAE and of its baselines (Zheng & Sun, CVPR 2019, Figures 2 to 9)."""

import gin
import numpy as np
from PIL import Image, ImageDraw

from idgan_tf.data import half_circles
from idgan_tf.methods.cvae import CVAE
from idgan_tf.methods.faces import can
from idgan_tf.methods.label_faces import LabelFaces, corrupt
from idgan_tf.visualize import masks
from idgan_tf.visualize.examples import SEED, examples, labelled_examples
from idgan_tf.visualize.grids import beside, grid, label

ROWS, IMAGES, STEPS = 10, 8, 9  # classes, images of the dataset, values along a line
LOW, HIGH = -3.0, 3.0  # three standard deviations of the prior of zu
DIMENSIONS = 3  # of zu, as in Figure 5
POINTS = 3000  # of a class, in the plane
COLOURS = ((34, 139, 34), (200, 30, 30), (30, 60, 200))  # green, red and blue, as in Figure 2


def available(method):
    """{name: function(method, dataset) -> picture} of the figures that a method of labelled images can have."""
    if not can(method, "generate_class"):
        return {}
    if tuple(method.image_shape) == half_circles.HalfCircles.image_shape:
        return {"points": points}
    found = {"classes": classes}
    if isinstance(method, CVAE):
        found["reconstructions"] = reconstructions
    if isinstance(method, LabelFaces):
        found.update(vary_zs=vary_zs, vary_zu=vary_zu, zu_dimensions=zu_dimensions, swap=swap)
    if can(method, "inpaint"):
        found["inpainting"] = inpainting
    return found


def classes(method, dataset, count=10):
    """A row of generated images for each class (Figures 3 and 8)."""
    rows, names = _classes(method, dataset)
    images = method.generate_class(np.repeat(rows, count), [SEED, 4])
    return label(grid(images, count), rows=names)


def reconstructions(method, dataset, count=IMAGES):
    """Real images above what a cVAE rebuilds of each and its class."""
    batch = labelled_examples(dataset, count)
    images = np.concatenate([batch["image"], method.reconstruct(batch["image"], batch["label"])])
    return label(grid(images, count), rows=["real", "rebuilt"])


def vary_zs(method, dataset):
    """One zu for all; zs along one line of noise, mapped into the class of the row (Figure 4a)."""
    rows, names = _classes(method, dataset)
    images = method.interpolate_zs(rows, STEPS, [SEED, 5])
    return label(_rows(images), "one zu; zs from one draw of the class to another", names)


def vary_zu(method, dataset):
    """One zs a row; zu along the same line in every row (Figure 4b)."""
    rows, names = _classes(method, dataset)
    images = method.interpolate_zu(rows, STEPS, [SEED, 6])
    return label(_rows(images), "one zs a row; zu from one draw to another", names)


def zu_dimensions(method, dataset):
    """The most informative dimensions of zu, each from -3 to 3, at one code of each class (Figure 5)."""
    rows, names = _classes(method, dataset)
    kl = np.asarray(method.kl_per_dimension(examples(dataset)))[method.zs_dim :]
    values = np.linspace(LOW, HIGH, STEPS, dtype=np.float32)
    pictures = []
    for dimension in np.argsort(-kl, kind="stable")[:DIMENSIONS]:
        images = method.vary_zu(rows, int(dimension), values, [SEED, 7])
        title = f"zu{dimension}  {kl[dimension]:.2f} nats"
        pictures.append(label(_rows(images), title, () if pictures else names))
    return beside(pictures)


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


def points(method, dataset):
    """Real toy points beside generated ones, a colour for each class, and each class's spread along y (Figure 2)."""
    label_of = np.asarray(dataset.arrays["label"])
    rng = np.random.default_rng(SEED)
    clouds = {"real": [], "generated": []}
    for c in range(dataset.num_classes):
        rows = rng.choice(np.flatnonzero(label_of == c), POINTS)
        clouds["real"].append(half_circles.points(dataset.take(rows)["image"]))
        clouds["generated"].append(half_circles.points(method.generate_class(np.full(POINTS, c), [SEED, 8 + c])))
    return beside([_scatter(cloud, name) for name, cloud in clouds.items()], gap=24)


def _scatter(clouds, name, scale=64, width=7.0, height=4.0):
    """Points [N, 2] of each class on a plane of `width` x `height`, `scale` pixels a unit."""
    canvas = Image.new("RGB", (int(width * scale), int(height * scale)), (255, 255, 255))
    draw = ImageDraw.Draw(canvas)
    everything = np.concatenate([np.column_stack([cloud, np.full(len(cloud), c)]) for c, cloud in enumerate(clouds)])
    for x, y, c in np.random.default_rng(0).permutation(everything):  # so that no class hides another
        column, row = (x + width / 2) * scale, (height / 2 - y) * scale
        draw.ellipse((column - 1, row - 1, column + 1, row + 1), COLOURS[int(c)])
    draw.rectangle((0, 0, canvas.width - 1, canvas.height - 1), outline=(180, 180, 180))
    spread = ", ".join(f"{cloud[:, 1].std():.2f}" for cloud in clouds)
    title = f"{name}: standard deviation of y (green, red, blue) {spread}"
    middles = [np.arange(size) - (size - 1) / 2 for size in (int(height), int(width))]  # of squares of one unit
    return label(np.asarray(canvas), title, *([f"{value:g}" for value in some] for some in (-middles[0], middles[1])))


def _classes(method, dataset):
    """(the first classes, their names)."""
    rows = list(range(min(ROWS, method.num_classes)))
    names = tuple(getattr(dataset, "class_names", ()))
    return rows, [names[c] if len(names) == method.num_classes else str(c) for c in rows]


def _rows(images):
    """Images [K, V, H, W, C] as a picture of K rows."""
    images = np.asarray(images)
    return grid(images.reshape(-1, *images.shape[2:]), images.shape[1])
