"""FaceScrub: faces of 530 people (Ng & Winkler 2014), alone or with CASIA-WebFace (Yi et al. 2014)."""

import gin
import numpy as np

from idgan_tf import image_files
from idgan_tf.data.prepared import Item, PreparedDataset, nothing_found, numbered
from idgan_tf.errors import DataError

UNLABELLED = -1


@gin.register
class FaceScrub(PreparedDataset):
    """Aligned faces, labelled by identity (folders in sorted order).

    Args:
        image_shape: (64, 64, 3) in the label-relevant / irrelevant VAE.
        data_dir, augment: see `PreparedDataset`.
    """

    home = "vintage.winklerbros.net/facescrub.html (lists of links, on request)"
    weight = "about 92,000 images; 1.1 GB prepared"
    licence = "research, on request"
    layout = "facescrub_aligned/<identity>/*.png: faces found, aligned and cut"
    stand_in = "gin/data/sprites64.gin"

    def __init__(self, image_shape, data_dir=None, augment=()):
        super().__init__("facescrub", image_shape, data_dir, augment)

    def find(self, source):
        names = source.files(None if source.path.name == "facescrub_aligned" else "facescrub_aligned")
        if not names:
            raise nothing_found(source, "folder facescrub_aligned with images")
        people = [_identity(source, name, "facescrub_aligned") for name in names]
        labels, identities = numbered(people)
        return [Item(name, labels[person]) for name, person in zip(names, people, strict=True)], tuple(identities)


@gin.register
class FaceScrubCasia(FaceScrub):
    """Unlabelled faces (label -1) of other people from CASIA-WebFace, with or without FaceScrub.

    Args:
        image_shape: (64, 64, 3).
        identities: how many people of CASIA-WebFace; 200 in the paper.
        seed: draws them; which ones the paper used is unknown.
        crop_side: the middle pixels kept of CASIA's 250x250.
        labelled: whether the labelled faces of FaceScrub are among the images.
        data_dir, augment: see `PreparedDataset`.
    """

    home = "vintage.winklerbros.net/facescrub.html, and CASIA CBSR on application"
    weight = "about 92,000 images, and 494,414 of which 21,000 are used; 1.4 GB prepared"
    layout = "facescrub_aligned/<identity>/*.png and CASIA-WebFace/<7 digits>/*.jpg, in one folder"
    full_count = 494_414  # of CASIA-WebFace; that of FaceScrub depends on which links still work

    def __init__(self, image_shape, identities, seed, crop_side, labelled=True, data_dir=None, augment=()):
        super().__init__(image_shape, data_dir, augment)
        self.name, self.labelled = "facescrub_casia", bool(labelled)
        self.identities, self.seed, self.crop_side = identities, seed, crop_side
        self.crop = f"CASIA: {identities} identities by seed {seed}, centre {crop_side}x{crop_side}"

    @property
    def rule(self):
        return {**super().rule, "labelled": self.labelled}

    def keep(self, item):
        return self.labelled or item.label == UNLABELLED

    def find(self, source):
        items, identities = super().find(source)
        person_of = {name: _identity(source, name, "CASIA-WebFace") for name in source.files("CASIA-WebFace")}
        people = sorted(set(person_of.values()))
        if len(people) < self.identities:
            raise DataError(f"{source.path} has {len(people)} people in CASIA-WebFace, {self.identities} are needed")
        chosen = set(np.random.default_rng(self.seed).choice(people, self.identities, replace=False))
        return items + [Item(name, UNLABELLED) for name, person in person_of.items() if person in chosen], identities

    def count(self, source, found):
        del found  # only the chosen people
        return len(source.files("CASIA-WebFace"))

    def cut(self, image, item):
        if item.label == UNLABELLED:
            return image_files.centre_crop(image, self.crop_side, self.crop_side, item.name)
        return image


def _identity(source, name, root):
    """The person of an image: the folder between `root`, which may be the source itself, and the image.

    Raises:
        DataError: there is none, or there are several.
    """
    folders = name.split("/")[:-1]
    folders = folders[folders.index(root) + 1 :] if root in folders else folders
    if len(folders) != 1:
        where = "in a folder of a person's folder" if folders else "beside the people's folders"
        raise DataError(f"{source.path}: {name} lies {where}; the layout is {root}/<person>/<image>, move it")
    return folders[0]
