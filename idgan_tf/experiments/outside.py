"""Scores of data that is no run of ours: a table of codes, or two folders of images."""

import inspect
import pathlib

import numpy as np
from absl import logging

from idgan_tf import image_files
from idgan_tf.data.preparation.pictures import pictures
from idgan_tf.data.preparation.sources import Folder
from idgan_tf.errors import ConfigError, DataError
from idgan_tf.evaluation.metric import Result, Unavailable, find, metrics
from idgan_tf.files import NOT_OURS
from idgan_tf.progress import bar


def read_codes(path):
    """(codes [N, D], factors [N, K]) of an .npz file with these two arrays.

    Raises:
        DataError: it cannot be read, or an array is missing.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return file["codes"], file["factors"]
    except KeyError as error:
        raise DataError(f"{path} must hold the arrays codes [N, D] and factors [N, K]: {error}") from error
    except NOT_OURS as error:
        raise DataError(f"cannot read {path} as an .npz file of arrays: {error}") from error


def evaluate_codes(path, seed, chosen, settings=None):
    """Metrics of a table of codes; yields as `evaluate.evaluate` does.

    Args:
        path: of the table.
        seed, chosen: as there.
        settings: {metric: {argument of its `of_codes`: value}}, None for none.

    Raises:
        ConfigError: a setting is not one of tables.
        DataError: the file is none.
    """
    codes, factors = read_codes(path)
    protocol = {"num_samples": len(codes), "seed": seed, "source": str(path)}
    for name in chosen:
        of_codes = find(name).of_codes
        if of_codes is None:
            yield name, "more is needed than codes and factors"
            continue
        known = {p.name: p.default for p in list(inspect.signature(of_codes).parameters.values())[3:]}
        given = (settings or {}).get(name, {})
        for other in given.keys() - known.keys():
            raise ConfigError(f"--codes has no {name}.{other}, only {', '.join(known) or 'metrics without settings'}")
        known.update(given)
        logging.info("evaluating %s", name)
        try:
            yield name, Result(of_codes(codes, factors, seed, **known), {"metric": name, **protocol, **known})
        except Unavailable as error:
            yield name, str(error)


def images_of(folder):
    """Files of a folder's images, subfolders included, in order of their names.

    Raises:
        DataError: there is no such folder, or no image in it.
    """
    source = Folder(pathlib.Path(folder).expanduser())
    files = [source.path / name for name in pictures(source)]
    if not files:
        raise DataError(f"{folder} holds no images")
    return files


def read_images(files, batch_size=64):
    """Batches [B, H, W, 3] in [0, 1]; a batch ends where the size of the images changes.

    Raises:
        DataError: a file is no image that `image_files.read` takes.
    """
    batch = []
    for path in bar(files, "reading", "images"):
        pixels = np.asarray(image_files.read(path, 3), np.float32) / 255.0
        if batch and (len(batch) == batch_size or batch[0].shape != pixels.shape):
            yield np.stack(batch)
            batch = []
        batch.append(pixels)
    yield np.stack(batch)


def evaluate_images(folder, reference, seed, chosen):
    """Metrics of two folders of images; yields as `evaluate.evaluate` does.

    Raises:
        ConfigError: none of them is chosen, or there is no Inception network.
        DataError: a folder or an image of it cannot be read.
    """
    possible = [name for name, known in metrics().items() if known.of_images]
    reason = f"cannot be told from images alone; there are {', '.join(possible)}"
    if not set(possible) & set(chosen):
        raise ConfigError(f"{', '.join(chosen)} {reason}")
    files = images_of(folder), images_of(reference)

    from idgan_tf.evaluation.feature_networks.inception import InceptionFeatures, activations

    network = InceptionFeatures()
    ours, theirs = (activations(network, read_images(f), len(f)) for f in files)
    protocol = {
        "num_samples": len(files[0]),
        "num_real": len(files[1]),
        "seed": seed,
        "source": str(folder),
        "reference": str(reference),
        **network.protocol,
    }
    for name in chosen:
        if name not in possible:
            yield name, reason
            continue
        try:
            yield name, Result(find(name).of_images(theirs["pool_3"], ours, seed), {"metric": name, **protocol})
        except Unavailable as error:
            yield name, str(error)
