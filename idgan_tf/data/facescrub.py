"""FaceScrub: faces of 530 people (Ng & Winkler 2014), alone or with CASIA-WebFace (Yi et al. 2014)."""

import gin
import numpy as np

from idgan_tf import image_files
from idgan_tf.data.preparation.pictures import pictures
from idgan_tf.data.prepared import Found, Item, PreparedDataset, nothing_found, numbered
from idgan_tf.errors import DataError, require_flag

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
        people = _people(source, "facescrub_aligned")
        if not people:
            raise nothing_found(source, "folder facescrub_aligned with images")
        labels, identities = numbered(people.values())
        return Found([Item(name, labels[person]) for name, person in people.items()], tuple(identities))


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
        require_flag("FaceScrubCasia.labelled", labelled)
        self.name, self.labelled = "facescrub_casia", labelled
        self.identities, self.seed, self.crop_side = identities, seed, crop_side
        self.crop = f"CASIA: {identities} identities by seed {seed}, centre {crop_side}x{crop_side}"

    @property
    def rule(self):
        return {**super().rule, "labelled": self.labelled}

    def keep(self, item):
        return self.labelled or item.label == UNLABELLED

    def find(self, source):
        labelled = super().find(source)
        casia = _people(source, "CASIA-WebFace")
        people = sorted(set(casia.values()))
        if len(people) < self.identities:
            raise DataError(f"{source.path} has {len(people)} people in CASIA-WebFace, {self.identities} are needed")
        chosen = set(np.random.default_rng(self.seed).choice(people, self.identities, replace=False))
        others = [Item(name, UNLABELLED) for name, person in casia.items() if person in chosen]
        return Found([*labelled.items, *others], labelled.class_names, full=len(casia))

    def cut(self, image, item):
        if item.label == UNLABELLED:
            return image_files.centre_crop(image, self.crop_side, self.crop_side, item.name)
        return image


def _people(source, root):
    """{image: person} below the folder `root`, each image in the folder of its person.

    Raises:
        DataError: one lies elsewhere: beside the people, or deeper, as what downloaders put into folders `face`.
    """
    people = {}
    for name in pictures(source, None if source.path.name == root else root):
        *folders, _ = name.split("/")
        below = folders[folders.index(root) + 1 :] if root in folders else folders
        if len(below) != 1:
            where = f"in {'/'.join(below)}" if below else "in no folder of a person"
            raise DataError(
                f"{source.path}: {name} lies {where}, but images must lie at {root}/<person>/<image>; move it away"
            )
        people[name] = below[0]
    return people
