"""CelebA: 202,599 aligned photographs of faces (Liu et al. 2015); CelebA-HQ: 1024 px (Karras et al. 2018)."""

import re

import gin

from idgan_tf import image_files
from idgan_tf.data.preparation import refusals
from idgan_tf.data.preparation.pictures import pictures
from idgan_tf.data.prepared import Found, Item, PreparedDataset, nothing_found, square
from idgan_tf.errors import DataError, require

CROP = 160  # 1Konny/idgan, data/preprocess.py
ALIGNED = (178, 218)
ATTRIBUTES = ("list_attr_celeba.txt", "list_attr_celeba.csv")  # as published, and as Kaggle has it
MOST = 8  # attributes of a label: 256 classes
MASKED = "CelebA-HQ-img"  # the folder of the faces in CelebAMask-HQ


@gin.register
class CelebA(PreparedDataset):
    """Aligned CelebA: the middle 160x160 pixels, resized with LANCZOS; all splits, as in the papers.

    Rows are in the order of the file names. TFDS keeps no names: from it, rows are in the order of its files, which
    is a shuffled one, first those of train, then of validation, then of test.

    Args:
        image_shape: (64, 64, 3), (128, 128, 3) or (256, 256, 3) in the papers.
        data_dir, augment: see `PreparedDataset`.
        attributes: names of the attributes that make the label, of the 40 of list_attr_celeba.txt; none, no label.
            One gives two classes, without it and with it; k give 2^k, the first one's being the highest bit.
    """

    home = "mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
    licence = "non-commercial research only"
    layout = "img_align_celeba.zip, or the folder img_align_celeba of it"
    archives = ("img_align_celeba.zip",)
    tables = ATTRIBUTES
    full_count = 202_599
    tfds = "celeb_a"
    crop = "centre 160x160"
    gin_file = "celeba64"

    def __init__(self, image_shape, data_dir=None, augment=(), attributes=()):
        size = square("CelebA", image_shape)
        require(
            isinstance(attributes, (tuple, list))
            and all(isinstance(name, str) and re.fullmatch(r"\w+", name) for name in attributes)
            and len(set(attributes)) == len(attributes) <= MOST,
            f'CelebA.attributes must be up to {MOST} names such as ("Smiling",), got {attributes!r}',
        )
        super().__init__("_".join([f"celeba{size}", *attributes]), image_shape, data_dir, augment)
        self.attributes = tuple(attributes)
        self.weight = f"1.4 GB; {self.full_count * 3 * size**2 / 1e9:.1f} GB prepared"
        self.stand_in = f"gin/data/sprites{size}.gin"

    @property
    def rule(self):
        return {**super().rule, **({"attributes": list(self.attributes)} if self.attributes else {})}

    def find(self, source):
        names = pictures(source, None if source.path.name == "img_align_celeba" else "img_align_celeba")
        if not names:
            raise nothing_found(source, "folder img_align_celeba with images")
        if not self.attributes:
            return Found([Item(name) for name in names])
        labels = _labels(source, self.attributes)
        for name in names:
            if name.rsplit("/", 1)[-1] not in labels:
                raise DataError(f"{source.path}: the list of attributes has no {name}; get both of one release")
        items = [Item(name, labels[name.rsplit("/", 1)[-1]]) for name in names]
        return Found(items, _classes(self.attributes))

    def find_tfds(self, source):
        if not self.attributes:
            return super().find_tfds(source)
        features = [f"attributes/{name}" for name in self.attributes]
        items = [Item(name, _number(bits)) for name, *bits in source.examples(*features)]
        return Found(items, _classes(self.attributes))

    def cut(self, image, item):
        if image.size != ALIGNED:
            raise DataError(
                f"{item.name} is {image.width}x{image.height}, but aligned CelebA images are 178x218; "
                "use img_align_celeba.zip, not the images in the wild"
            )
        return image_files.centre_crop(image, CROP, CROP, item.name)


@gin.register
class CelebAHQ(PreparedDataset):
    """CelebA-HQ: 30,000 faces of 1024x1024 pixels, not cropped; in the order of the file names, from TFDS too.

    CelebAMask-HQ (Lee et al. 2020) holds the same faces as JPEG, beside masks that are not read; they are taken in
    the order of their numbers, which is that of the other sources.

    Args:
        image_shape: (1024, 1024, 3), or a smaller square.
        data_dir, augment: see `PreparedDataset`.
    """

    home = "github.com/tkarras/progressive_growing_of_gans"
    weight = "about 40 GB as PNG; 94 GB prepared"
    licence = "non-commercial research only"
    layout = "data1024x1024.zip or .tar, or a folder of its PNG files; or CelebAMask-HQ.zip, or its folder"
    archives = ("data1024x1024.zip", "data1024x1024.tar", "CelebAMask-HQ.zip")
    full_count = 30_000
    tfds = "celeb_a_hq/1024"
    stand_in = "gin/idgan_sprites1024.gin"

    def __init__(self, image_shape, data_dir=None, augment=()):
        square("CelebAHQ", image_shape)
        super().__init__("celebahq", image_shape, data_dir, augment)

    def find(self, source):
        names = sorted(pictures(source, MASKED), key=_place) or pictures(source)
        if not names:
            raise nothing_found(source, "images")
        return Found([Item(name) for name in names])

    def find_tfds(self, source):
        named = sorted((file_name, name) for name, file_name in source.examples("image/filename"))
        return Found([Item(name) for _, name in named])

    def cut(self, image, item):
        if image.size != (1024, 1024):
            raise DataError(
                f"{item.name} is {image.width}x{image.height}, but CelebA-HQ images are 1024x1024; get it again"
            )
        return image


def _labels(source, attributes):
    """{image: label} from the list of attributes: names in a line, then each image with 1 or -1 for every name.

    Raises:
        DataError: there is no list, it is damaged, or lacks one of `attributes`.
    """
    found = [name for name in source.names if name.rsplit("/", 1)[-1] in ATTRIBUTES]
    if not found:
        raise DataError(
            f"{source.path} has no {ATTRIBUTES[0]}, which says the attributes; pass the folder in which it lies beside "
            "img_align_celeba.zip, or beside the folder img_align_celeba"
        )
    lines = [line.replace(",", " ") for line in source.text(found[0])]
    known, *rows = [line.split() for line in lines[0 if found[0].endswith(".csv") else 1 :] if line.strip()] or [[]]
    known = known[1:] if found[0].endswith(".csv") else known
    for attribute in attributes:
        if attribute not in known:
            raise DataError(f"{source.path}: {found[0]} has no attribute {attribute!r}; there are {', '.join(known)}")
    columns, labels = [known.index(attribute) for attribute in attributes], {}
    for name, *values in rows:
        if len(values) != len(known) or not {values[column] for column in columns} <= {"1", "-1"}:
            raise DataError(f"{source.path}: {found[0]} is cut or damaged at {name}; download it again")
        labels[name] = _number([values[column] == "1" for column in columns])
    refusals.check_doubles(f"{source.path}: {found[0]}", [row[0] for row in rows])
    return labels


def _number(bits):
    """The class of which attributes an image has, the first one's bit being the highest."""
    return int("".join(str(int(bit)) for bit in bits), 2)


def _classes(attributes):
    """The names of all classes: which attributes an image has, and which it has not."""
    names = [""]
    for attribute in attributes:
        names = [f"{name} {has}{attribute}".strip() for name in names for has in ("not_", "")]
    return tuple(names)


def _place(name):
    """(n, name) of the file n.jpg."""
    stem = name.rsplit("/", 1)[-1].split(".")[0]
    return int(stem) if stem.isdecimal() else -1, name
