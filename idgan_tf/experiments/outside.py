"""Scores of data that is no run of ours: a table of codes, or two folders of images."""

import pathlib

import numpy as np
from absl import logging

from idgan_tf import image_files
from idgan_tf.errors import ConfigError, DataError
from idgan_tf.evaluation import dci, fvm, kid, mig, modularity, sap
from idgan_tf.evaluation.metric import Result, Unavailable, counted
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


def _predictors(codes, factors, seed):
    """A random two thirds to fit on, the rest to score on."""
    order = np.random.default_rng(seed).permutation(len(codes))
    parts = order[: 2 * len(codes) // 3], order[2 * len(codes) // 3 :]
    return [(codes[rows], factors[rows]) for rows in parts]


def _fvm(codes, factors, seed):
    return {"fvm": fvm.factor_vae_metric_of_codes(codes, factors, seed)}


def _mig(codes, factors, seed):
    del seed  # nothing random
    return {"mig": mig.mutual_information_gap(codes, factors)}


def _modularity(codes, factors, seed):
    train, test = _predictors(codes, factors, seed)
    explicitness = modularity.explicitness_score(*train, *test)
    return {"modularity": modularity.modularity_score(codes, factors), "explicitness": explicitness}


def _sap(codes, factors, seed):
    train, test = _predictors(codes, factors, seed)
    return {"sap": sap.separated_attribute_predictability(*train, *test, seed=seed)}


def _dci(codes, factors, seed):
    train, test = _predictors(codes, factors, seed)
    importance, accuracy = dci.importances(*train, *test, seed=seed)
    return dci.values_of(importance, accuracy)


METRICS_OF_CODES = {"fvm": _fvm, "mig": _mig, "modularity": _modularity, "sap": _sap, "dci": _dci}


def evaluate_codes(path, seed, chosen):
    """Metrics of a table of codes; yields as `evaluate.evaluate` does."""
    codes, factors = read_codes(path)
    protocol = {"num_samples": len(codes), "seed": seed, "source": str(path)}
    for name in chosen:
        if name not in METRICS_OF_CODES:
            yield name, "more is needed than codes and factors"
            continue
        logging.info("evaluating %s", name)
        try:
            yield name, Result(METRICS_OF_CODES[name](codes, factors, seed), protocol)
        except Unavailable as error:
            yield name, str(error)


def images_of(folder):
    """Files of a folder's images, subfolders included, in order of their names.

    Raises:
        DataError: there is no such folder, or no image in it.
    """
    folder = pathlib.Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in image_files.SUFFIXES)
    if not files:
        raise DataError(f"{folder} holds no images ({', '.join(image_files.SUFFIXES)})")
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
    """FID, KID and Inception Score of two folders of images; yields as `evaluate.evaluate` does.

    Raises:
        ConfigError: none of them is chosen, or there is no Inception network.
        DataError: a folder or an image of it cannot be read.
    """
    reason = "cannot be told from images alone; there are fid, kid and inception_score"
    if not {"fid", "kid", "inception_score"} & set(chosen):
        raise ConfigError(f"{', '.join(chosen)} {reason}")
    files = images_of(folder), images_of(reference)

    from idgan_tf.evaluation import fid, inception_score
    from idgan_tf.evaluation.feature_networks.inception import InceptionFeatures, activations, inception_protocol

    network = InceptionFeatures()
    ours, theirs = (activations(network, read_images(f), len(f)) for f in files)
    protocol = {
        "num_samples": len(files[0]),
        "num_real": len(files[1]),
        "seed": seed,
        "source": str(folder),
        "reference": str(reference),
        **inception_protocol(network),
    }
    count = len(files[0])
    scores = {
        "fid": lambda: {counted("fid", count): fid.tf_gan_frechet_distance(theirs["pool_3"], ours["pool_3"])},
        "kid": lambda: _kid(theirs["pool_3"], ours["pool_3"], seed),
        "inception_score": lambda: {
            counted("inception_score", count): inception_score.tf_gan_inception_score(ours["logits"])
        },
    }
    for name in chosen:
        yield name, Result(scores[name](), protocol) if name in scores else reason


def _kid(real, generated, seed):
    rng = np.random.default_rng(seed)  # its blocks are to be random, not one class each as the folders may be
    mean, error = kid.tf_gan_kernel_distance(rng.permutation(real), rng.permutation(generated))
    return kid.values_of(counted("kid", len(generated)), mean, error)
