"""Scores of data that is no run of ours: a table of codes, two sets of features, or two folders of images."""

import contextlib

import numpy as np

from idgan_tf import image_files
from idgan_tf.data.preparation.pictures import pictures
from idgan_tf.data.preparation.sources import Folder
from idgan_tf.errors import ConfigError, DataError, NonFiniteError, message, require
from idgan_tf.evaluation.checks import checked_seed
from idgan_tf.evaluation.codes import table
from idgan_tf.evaluation.features import pairs
from idgan_tf.evaluation.metric import Result, Unavailable, find, metrics, settings_of
from idgan_tf.files import NOT_OURS, at_home
from idgan_tf.progress import bar


def read_codes(path):
    """The `table.Table` of an .npz file with the arrays codes [N, D] and, but for UDR, factors [N, K].

    Raises:
        DataError: it cannot be read, or an array is missing.
        ConfigError, NonFiniteError: as `table.prepared`.
    """
    arrays = _arrays(path, "codes", "arrays codes [N, D] and factors [N, K]")
    with _naming(path):
        made = table.prepared(arrays["codes"], arrays.get("factors"))
    return made._replace(protocol={**made.protocol, "source": str(path)})


@contextlib.contextmanager
def _naming(path):
    """Errors that the block raises name a file."""
    try:
        yield
    except (ConfigError, NonFiniteError) as error:
        raise type(error)(f"{path}: {message(error)}") from error


def _arrays(path, needed, in_words):
    """{name: array} of an .npz file."""
    try:
        with np.lib.npyio.NpzFile(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except NOT_OURS as error:
        raise DataError(
            f"cannot read {path} as an .npz file of arrays of numbers, as np.savez writes it: {message(error)}"
        ) from error
    if needed not in arrays:
        raise DataError(f"{path} must hold the {in_words}, and holds {', '.join(arrays) or 'nothing'}")
    return arrays


def evaluate_codes(paths, seed, chosen, settings=None):
    """Metrics of tables of codes, each of them and all together; yields as `evaluate.evaluate` does.

    Args:
        paths: of the tables.
        seed, chosen: as there.
        settings: as of `table.results`.

    Raises:
        ConfigError: a setting is not one of tables, or arrays do not fit.
        NonFiniteError: an array holds NaN or infinity.
        DataError: a file is none.
    """
    tables = [read_codes(path) for path in paths]
    compared = dict(table.compared(tables, chosen, seed)) if len(tables) > 1 else {}
    for name in compared:
        require(not (settings or {}).get(name), f"tables are compared by {name} as it is: it has no settings there")
    for name in chosen:
        if isinstance(compared.get(name), list):
            yield from ((name, result) for result in compared[name])
        elif name in compared:
            yield name, compared[name]
        else:
            for path, one in zip(paths, tables, strict=True):
                with _naming(path):
                    ((_, result),) = table.results(one, [name], seed, settings)
                yield name, f"{path}: {result}" if isinstance(result, str) and len(tables) > 1 else result


def evaluate_features(real, generated, seed, chosen, settings=None):
    """Metrics of two .npz files with the array features, of real and of generated images.

    Args:
        real, generated: their paths.
        seed, chosen, settings: as in `evaluate_codes`.

    Yields, raises:
        as there.
    """
    theirs, ours = (_arrays(path, "features", "array features [N, F]")["features"] for path in (real, generated))
    for name, result in pairs.results(theirs, ours, chosen, seed, settings):
        if isinstance(result, Result):
            sources = {"source": str(generated), "reference": str(real)}
            result = Result(result.values, {**result.protocol, **sources})
        yield name, result


def images_of(folder):
    """Files of a folder's images, subfolders included, in order of their names.

    Raises:
        DataError: there is no such folder, or no image in it.
    """
    source = Folder(at_home(folder))
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


def evaluate_images(folder, reference, seed, chosen, settings=None):
    """Metrics of two folders of images; yields as `evaluate.evaluate` does.

    Args:
        folder, reference: of generated and of real images.
        seed, chosen, settings: as in `evaluate_codes`.

    Raises:
        ConfigError: none of them is chosen, a setting is not one of images, or there is no Inception network.
        DataError: a folder or an image of it cannot be read.
    """
    checked_seed(seed)
    faces = {name: known.of_images or known.of_features for name, known in metrics().items()}
    possible = [name for name, face in faces.items() if face]
    reason = f"cannot be told from images alone; there are {', '.join(possible)}"
    if not set(possible) & set(chosen):
        raise ConfigError(f"{', '.join(chosen)} {reason}")
    given = {name: settings_of(find(name), faces[name], (settings or {}).get(name, {})) for name in possible}
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
            if find(name).of_images:
                result = Result(faces[name](theirs["pool_3"], ours, seed, **given[name]), given[name])
            else:
                result = pairs.measured(faces[name], theirs["pool_3"], ours["pool_3"], seed, **given[name])
            yield name, Result(result.values, {"metric": name, **protocol, **result.protocol})
        except Unavailable as error:
            yield name, str(error)
