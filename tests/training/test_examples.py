"""What a dataset gives is looked at before a training begins: one sentence when it is not what the networks take."""

import types

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.data.base import Dataset
from idgan_tf.errors import ConfigError, OutOfMemory
from idgan_tf.training import call, checks


class Images(Dataset):
    """Ten images of a shape and kind, as a user's own dataset might give them; "label" is `labels`."""

    name, num_examples = "images", 10

    def __init__(self, image=None, says=(8, 8, 1), names=("image",), labels=None):
        self.image_shape, self._names = says, names
        self.arrays = {"image": np.zeros((10, *says), np.float32) if image is None else image}
        self.arrays |= {} if labels is None else {"label": np.array(labels)}

    arrays = None

    def decode(self, rows, seed):
        return dict.fromkeys(self._names, rows["image"])


def check(dataset, **method):
    settings = types.SimpleNamespace(batch_size=2, dataset=dataset, rollbacks=0)
    method = types.SimpleNamespace(**{"needs_classes": True, "reads": {}} | method)
    checks.check(method, settings, types.SimpleNamespace(num_replicas_in_sync=1))


def test_images_as_the_networks_take_them_pass():
    check(Images(), image_shape=(8, 8, 1))
    check(Images(np.full((10, 8, 8, 1), 1.0 + 1 / 256, np.float32)))  # as `dequantise` gives them
    check(Images(names=("image", "label")), num_classes=3)
    check(Images(names=("image", "label"), labels=[-1] * 10), num_classes=3, needs_classes=False)


@pytest.mark.parametrize(
    ("dataset", "method", "said"),
    [
        (
            Images(says=(16, 16, 3)),
            {"image_shape": (8, 8, 1)},
            "images of 16x16x3; .* was built for 8x8x1: IMAGE_SHAPE",
        ),
        (Images(np.zeros((10, 1, 8, 8), np.float32)), {}, "images of 1x8x8; its image_shape says 8x8x1"),
        (Images(np.zeros((10, 8, 8, 1), np.uint8)), {}, "images of uint8; they must be float32 in"),
        (Images(np.full((10, 8, 8, 1), 255, np.float32)), {}, "images of 255 to 255; they must be within"),
        (Images(np.full((10, 8, 8, 1), -1, np.float32)), {}, "images of -1 to -1; they must be within"),
        (Images(np.full((10, 8, 8, 1), np.nan, np.float32)), {}, "images of nan to nan"),
        (Images(names=("x", "y")), {}, "trains on images, which images does not give: it gives x, y"),
        (Images(), {"num_classes": 3}, "trains on classes, which images does not give: it gives image"),
        (Images(), {"reads": {"label": "classes"}}, "trains on classes, which images does not give: it gives image"),
        (
            Images(names=("image", "label"), labels=[0, 2, -1, -1] + [1] * 6),
            {"num_classes": 3},
            "2 of 10 images of ima",
        ),
    ],
)
def test_others_are_told_in_a_sentence(dataset, method, said):
    with pytest.raises(ConfigError, match=said):
        check(dataset, **method)


def test_a_name_that_no_example_has_is_told_with_those_that_it_has():
    with pytest.raises(ConfigError, match="train.method reads 'mask' of an example; train.dataset gives image, index"):
        call._Batch(image=0, index=1)["mask"]


@pytest.mark.parametrize("error", [tf.errors.ResourceExhaustedError(None, None, "OOM" * 999), MemoryError()])
def test_too_little_memory_names_the_batch_and_what_takes_less(error):
    training = call.TrainingCall.__new__(call.TrainingCall)
    training._batch_size = 64
    with (
        pytest.raises(OutOfMemory, match="lower train.batch_size, which is 64; .*train.resident_bytes"),
        training._memory(),
    ):
        raise error
