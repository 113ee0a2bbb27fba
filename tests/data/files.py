"""Small image files and archives in the layouts that people download, and datasets prepared from them."""

import io
import tarfile
import zipfile

import numpy as np
import scipy.io
from PIL import Image

from idgan_tf.data.preparation.writing import prepare


def picture(seed, width=12, height=10, mode="RGB"):
    """A Pillow image of noise."""
    channels = {"RGB": 3, "L": 1, "CMYK": 4, "RGBA": 4}[mode]
    values = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    return Image.fromarray(values[..., 0] if channels == 1 else values, mode=None if channels != 4 else mode)


def encoded(image, kind="PNG", **options):
    """The bytes of an image file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def write_folder(folder, files):
    """{name: bytes} below a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def write_zip(path, files):
    """{name: bytes} in a zip file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path, files, members=()):
    """{name: bytes}, and TarInfos without data, in a tar file; compressed if its name ends in gz."""
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for member in members:
            archive.addfile(member)
    return path


def tree(folder):
    """{relative name: bytes} of everything below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def prepared(dataset, source, out, **options):
    """A dataset, prepared from `source` below the folder `out`."""
    dataset.data_dir = str(out)
    dataset.full_count = 0  # the archives here are small ones
    prepare(dataset, source, **options)
    return dataset


def resized(values, box, size):
    """An independent crop and resize: pixels [top:bottom, left:right], then LANCZOS."""
    left, top, right, bottom = box
    return np.asarray(Image.fromarray(np.asarray(values)[top:bottom, left:right]).resize((size, size), Image.LANCZOS))


def devkit(rows, classes=True, compressed=False):
    """The bytes of cars_train_annos.mat or cars_test_annos.mat."""
    names = ["bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", *(["class"] if classes else []), "fname"]
    annotations = np.zeros((1, len(rows)), [(name, object) for name in names])
    for i, row in enumerate(rows):
        annotations[0, i] = tuple(row)
    file = io.BytesIO()
    scipy.io.savemat(file, {"annotations": annotations}, do_compression=compressed)
    return file.getvalue()


def cars_files(train_rows, test_rows, compressed=False):
    """{archive: {name: bytes}} of Cars, whose images all are one of 100x90; a row is what `devkit` says of it."""
    image = encoded(picture(0, 100, 90))
    return {
        "cars_train.tgz": {f"cars_train/{row[-1]}": image for row in train_rows},
        "cars_test.tgz": {f"cars_test/{row[-1]}": image for row in test_rows},
        "car_devkit.tgz": {
            "devkit/cars_train_annos.mat": devkit(train_rows, compressed=compressed),
            "devkit/cars_test_annos.mat": devkit(test_rows, classes=False, compressed=compressed),
        },
    }


def cifar_files(classes, rng):
    """(images [60, 32, 32, 3], labels [60], {name: bytes}) of the binary version, ten images a file."""
    before = {10: 1, 100: 2}[classes]
    names = (
        [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
        if classes == 10
        else ["train.bin", "test.bin"]
    )
    folder = {10: "cifar-10-batches-bin", 100: "cifar-100-binary"}[classes]
    records = rng.integers(0, 256, (10 * len(names), before + 3072), np.uint8)
    records[:, 0] %= 20  # the coarse labels of CIFAR-100
    records[:, before - 1] = rng.permutation(len(records)) % classes
    files = {f"{folder}/{name}": records[10 * i : 10 * i + 10].tobytes() for i, name in enumerate(names)}
    classes_file = {10: "batches.meta.txt", 100: "fine_label_names.txt"}[classes]
    files[f"{folder}/{classes_file}"] = "\n".join(f"class{i}" for i in range(classes)).encode() + b"\n"
    if classes == 100:
        files[f"{folder}/coarse_label_names.txt"] = "\n".join(f"kind{i}" for i in range(20)).encode() + b"\n"
    images = records[:, before:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images, records[:, before - 1], files
