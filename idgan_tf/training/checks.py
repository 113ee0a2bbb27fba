"""Whether a method, its data, its settings and the devices fit each other, asked before anything trains."""

import numpy as np

from idgan_tf.errors import require

LOOKED_AT, STEP = 8, 1 / 255  # examples that are looked at, and between two values of a pixel


def check(method, settings, strategy):
    """Raises ConfigError where they do not fit.

    Args:
        method: the method, with its optimizers.
        settings: `batch_size`, `dataset` and `rollbacks` of the training are used.
        strategy: where it is to run.
    """
    _check_batch(settings, strategy.num_replicas_in_sync)
    _check_rates(method, settings)
    _check_classes(method, settings.dataset)
    _check_images(method, settings.dataset)


def _check_batch(settings, replicas):
    size, examples = settings.batch_size, settings.dataset.num_examples
    require(size % replicas == 0, f"train.batch_size {size} does not divide by {replicas} devices")
    require(
        size <= examples,
        f"train.batch_size {size} exceeds the {examples:,} examples of {settings.dataset.name}; lower it",
    )


def _check_rates(method, settings):
    rates = [player.optimizer.learning_rate for player in method.players.values()] if settings.rollbacks else []
    lowers = all(hasattr(rate, "assign") for rate in rates)
    require(lowers, "train.rollbacks cannot lower a learning rate that follows a schedule")


def _check_classes(method, dataset):
    told, found = getattr(method, "num_classes", 0), dataset.num_classes
    require(not told or not found or told == found, f"NUM_CLASSES is {told}, and the data have {found} classes")


def _check_images(method, dataset):
    """Looks at a few examples: what there is of each, and the kind, shape and range of their images.

    Raises:
        ConfigError: they are not what `Dataset.decode` promises, or what the method was built for.
    """
    name, method_name = f"train.dataset @{type(dataset).__name__}", type(method).__name__
    batch = dataset.take(np.linspace(0, dataset.num_examples - 1, LOOKED_AT).astype(int))
    classes = {"label": "classes"} if getattr(method, "num_classes", 0) else {}
    needed = {"image": "images", **classes, **getattr(method, "reads", {})}
    for key, text in needed.items():
        given = f"which {dataset.name} does not give: it gives {', '.join(batch)}"
        require(key in batch, f"{method_name} trains on {text}, {given}")
    if "label" in needed and method.needs_classes:
        labels, stored = np.asarray(batch["label"]), dataset.arrays.get("label")
        if stored is not None and len(stored) == dataset.num_examples:
            labels = np.asarray(stored)
        without = int(np.sum(labels < 0))
        found = f"{without:,} of {labels.size:,} images of {dataset.name} have no class"
        require(not without, f"{found}, and {method_name} needs that of each")
    image, own = np.asarray(batch["image"]), tuple(dataset.image_shape)
    given = tuple(image.shape[1:])
    require(image.dtype == np.float32, f"{name} gives images of {image.dtype}; they must be float32 in [0, 1]")
    require(given == own, f"{name} gives images of {_sizes(given)}; its image_shape says {_sizes(own)}")
    taken = tuple(getattr(method, "image_shape", own))
    require(
        given == taken,
        f"{name} gives images of {_sizes(given)}; {method_name} was built for {_sizes(taken)}: IMAGE_SHAPE, or the "
        "shapes of its networks, must be that of the images",
    )
    low, high = float(image.min()), float(image.max())
    inside = low >= -STEP and high <= 1 + STEP  # what dequantisation adds is right
    require(inside, f"{name} gives images of {low:.4g} to {high:.4g}; they must be within [0, 1]")


def _sizes(shape):
    """(64, 64, 1) -> "64x64x1"."""
    return "x".join(map(str, shape))
