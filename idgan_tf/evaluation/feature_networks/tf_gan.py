"""TF-GAN's metrics of activations: the only file that knows tensorflow_gan.

`import tensorflow_gan` fails on TensorFlow >= 2.16, and its Inception wrapper fails under Keras 3. Its
`classifier_metrics` need neither: with empty parent packages they import and work on activations.
"""

import functools
import importlib
import importlib.util
import pathlib
import sys
import types

import tensorflow as tf

from idgan_tf.evaluation.checks import finite
from idgan_tf.evaluation.metric import Unavailable


def call(function, *arrays, dtype="float32"):
    """What a function of TF-GAN says of arrays, as tensors of `dtype`, without what TensorFlow says of its age."""
    for array in arrays:
        finite(array, "features")
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        return getattr(_classifier_metrics(), function)(*(tf.convert_to_tensor(array, dtype) for array in arrays))
    finally:
        logger.setLevel(level)


@functools.cache
def _classifier_metrics():
    """tensorflow_gan.python.eval.classifier_metrics, without running the packages above it."""
    spec = importlib.util.find_spec("tensorflow_gan")
    if not (spec and spec.submodule_search_locations):
        raise Unavailable("FID, KID and Inception Score need TF-GAN: pip install tensorflow-gan")
    root = pathlib.Path(spec.submodule_search_locations[0])
    for package in ("tensorflow_gan", "tensorflow_gan.python", "tensorflow_gan.python.eval"):
        module = types.ModuleType(package)
        module.__path__ = [str(root.joinpath(*package.split(".")[1:]))]
        sys.modules.setdefault(package, module)
    return importlib.import_module("tensorflow_gan.python.eval.classifier_metrics")
