"""MPI3D: a robot arm that holds an object, rendered twice and photographed twice, with seven known factors.

Gondal et al., "On the Transfer of Inductive Bias from Simulation to the Real World: a New Disentanglement Dataset",
NeurIPS 2019, arXiv:1906.03292. Source: github.com/rr-learning/disentanglement_dataset, whose README gives the factors,
their order and the addresses. `vertical_axis` runs fastest.
"""

import gin
import numpy as np
from absl import logging

from idgan_tf.data.factor_images import FactorImages
from idgan_tf.data.preparation.formats import npz
from idgan_tf.errors import DataError, require

FILES = {
    "toy": "mpi3d_toy.npz",
    "realistic": "mpi3d_realistic.npz",
    "real": "mpi3d_real.npz",
    "complex": "real3d_complicated_shapes_ordered.npz",
}
BLOCK = 1024  # images, 12.6 MB


@gin.register
class MPI3D(FactorImages):
    """One of the four variants at 64 px.

    Args:
        variant: "toy" (simple renderings), "realistic" (renderings), "real" (photographs of simple shapes), or
            "complex" (photographs of four other things in four colours).
        data_dir: see `PreparedDataset`.
    """

    factor_names = (
        "object_color", "object_shape", "object_size", "camera_height", "background_color",
        "horizontal_axis", "vertical_axis",
    )  # fmt: skip
    licence = "CC BY 4.0"
    stand_in = "gin/data/color_dsprites.gin"

    def __init__(self, variant, data_dir=None):
        require(variant in tuple(FILES), f"MPI3D.variant must be one of {tuple(FILES)}, got {variant!r}")
        self.variant = variant
        simple = variant != "complex"
        self.factor_sizes = (6, 6, 2, 3, 3, 40, 40) if simple else (4, 4, 2, 3, 3, 40, 40)
        self.files = (FILES[variant],)
        self.layout = FILES[variant]
        self.weight = "12.7 GB, and as much prepared" if simple else "5.7 GB, and as much prepared"
        self.home = (
            f"huggingface.co/datasets/waleedgondal/mpi3d/resolve/main/{FILES[variant]}"
            if simple
            else "drive.google.com/file/d/1Tp8eTdHxgUMtsZv5uAoYAbJR1BOa_OQm"
        ) + " (github.com/rr-learning/disentanglement_dataset)"
        super().__init__(f"mpi3d_{variant}", (64, 64, 3), data_dir)

    def blocks(self, source):
        path = source.where(source.names[0])
        other = {name: variant for variant, name in FILES.items()}.get(path.name, self.variant)
        if other != self.variant:
            raise DataError(f"{path} is the variant {other!r}; {self.name} is made of {FILES[self.variant]}")
        if path.name != FILES[self.variant]:
            logging.warning("%s is taken for %s: it does not say itself which variant it is", path, self.name)
        shape, first = (self.num_examples, *self.image_shape), 0
        for images in npz.blocks(path, "images", shape, BLOCK, self.name, self.home):
            yield np.arange(first, first + len(images)), images
            first += len(images)
