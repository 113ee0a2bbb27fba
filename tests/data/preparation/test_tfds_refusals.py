"""--source=tfds refuses in one line, with its remedy, what is damaged, missing, old or of a wrong count."""

import time

import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets import features as f
from tensorflow_datasets.core.download import downloader

from idgan_tf.data.cars import Cars
from idgan_tf.data.celeba import CelebA, CelebAHQ
from idgan_tf.data.chairs import Chairs
from idgan_tf.data.cifar import Cifar
from idgan_tf.data.preparation import dsprites_published
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import DataError
from tests.data.files import cars_files, prepared, write_folder, write_tar, write_zip
from tests.data.preparation.tfds_folders import CARS, celeb_a, jpegs, write_tfds

pytestmark = pytest.mark.usefixtures("no_network")


def refused(dataset, source, out, match):
    dataset.data_dir = str(out)
    with pytest.raises(DataError, match=match) as caught:
        prepare(dataset, source)
    assert "\n" not in str(caught.value) and not list(out.glob("**/*"))


def test_what_tfds_cannot_prepare_is_one_line_with_the_other_way(tmp_path, monkeypatch):
    match = f"TFDS cannot prepare celeb_a in {tmp_path}: quota exceeded; .* pass their path as --source"
    refused(CelebA((64, 64, 3)), f"tfds:{tmp_path}", tmp_path / "out", match)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "default"))
    match = f"TFDS cannot prepare celeb_a_hq/1024 in {tmp_path}/default: .*{tmp_path}/default/downloads/manual"
    refused(CelebAHQ((1024, 1024, 3)), "tfds", tmp_path / "out", match)
    match = "TFDS has no chairs; pass --source=PATH.*rendered_chairs.tar"
    refused(Chairs((64, 64, 3)), "tfds", tmp_path / "out", match)


def test_a_network_that_is_not_there_is_asked_twice_not_for_200_seconds(tmp_path, monkeypatch):
    """By dSprites, too. A closed port stands for the network: it refuses as quickly as a missing name server."""
    before, tried = downloader.MAX_RETRIES, []

    def offline(self, urls):
        del self, urls
        start = time.monotonic()
        try:
            with downloader._open_url("http://127.0.0.1:9/cifar-10-binary.tar.gz"):
                pass
        finally:
            tried.append(time.monotonic() - start)

    monkeypatch.setattr(tfds.download.DownloadManager, "download", offline)
    monkeypatch.setattr(tfds.download.DownloadManager, "download_and_extract", offline)
    refused(Cifar(10, (32, 32, 3)), f"tfds:{tmp_path}", tmp_path / "out", "TFDS cannot prepare cifar10 .*get the files")
    with pytest.raises(DataError, match="TFDS cannot give dsprites"):
        list(dsprites_published._batches_of_tfds(str(tmp_path), iter))
    assert len(tried) == 2 and max(tried) < 10 and downloader.MAX_RETRIES == before > 1


def test_wrong_cut_and_unfinished_folders_are_refused(tmp_path):
    root, out = tmp_path / "tfds", tmp_path / "out"
    celeb_a(root, jpegs(4), num_train=2)
    folder = root / "celeb_a" / "2.1.0"
    write_folder(root / "cars196" / "2.1.0", {path.name: path.read_bytes() for path in folder.iterdir()})
    refused(Cars((64, 64, 3)), f"tfds:{root}", out, "cars196/2.1.0 holds celeb_a/2.1.0, not cars196; move it away")
    (root / "cars196" / "2.1.0" / "dataset_info.json").write_text("{")
    refused(Cars((64, 64, 3)), f"tfds:{root}", out, "TFDS cannot read .*cars196/2.1.0.*delete the folder")
    (root / "cars196" / "2.1.0").rename(root / "cars196" / "incomplete.1_2.1.0")
    refused(Cars((64, 64, 3)), f"tfds:{root}", out, "TFDS cannot prepare cars196")
    shard = next(folder.glob("*train*"))
    whole = shard.read_bytes()
    for data, message in [
        (whole[:-1], "is cut"),
        (whole[:5], "is cut"),
        (b"", "train has 0 of 2 examples"),
    ]:
        shard.write_bytes(data)
        refused(CelebA((64, 64, 3)), f"tfds:{root}", out, f"{message}.*delete the folder")
    shard.write_bytes(whole[:12] + b"\xff" * 40 + whole[52:])
    with pytest.raises(DataError, match="train/000000 is damaged.*delete the folder"):
        prepared(CelebA((64, 64, 3)), f"tfds:{root}", out)
    shard.unlink()
    refused(CelebA((64, 64, 3)), f"tfds:{root}", out, "cannot read .*train.*delete the folder")


def test_other_file_formats_and_old_versions_say_the_remedy(tmp_path):
    example = {"image": jpegs(1)[0], "label": 0, "bbox": f.BBox(0.1, 0.1, 0.9, 0.9)}
    old = {name: feature for name, feature in CARS.items() if name != "id"}
    write_tfds(tmp_path, "cars196", old, {"train": {"1": example}}, "2.0.0")
    refused(Cars((64, 64, 3)), f"tfds:{tmp_path}", tmp_path / "out", "cars196/2.0.0 has no 'id'; delete the folder")
    examples = {"train": {"1": {**example, "id": "1"}}}
    write_tfds(tmp_path, "cars196", CARS, examples, "2.10.0", "array_record")
    refused(Cars((64, 64, 3)), f"tfds:{tmp_path}", tmp_path / "out", "stored as array_record.*only tfrecord")


def test_a_wrong_count_is_an_error_for_tfds_and_archives_and_a_warning_else(tmp_path, caplog):
    images = jpegs(4)
    celeb_a(tmp_path / "tfds", images, num_train=2)
    files = {f"img_align_celeba/{i:06d}.jpg": image for i, image in enumerate(images)}
    write_zip(tmp_path / "img_align_celeba.zip", files)
    write_folder(tmp_path / "in", files)
    full = "holds 4 images; the full set has 202,599"
    remedy = "; get it again, or pass --on_error=skip"
    for source in (f"tfds:{tmp_path / 'tfds'}", tmp_path / "img_align_celeba.zip", tmp_path):
        refused(CelebA((64, 64, 3)), source, tmp_path / "out", full + remedy)
    for number, (source, policy) in enumerate([(tmp_path / "in", "error"), (f"tfds:{tmp_path / 'tfds'}", "skip")]):
        caplog.clear()
        assert prepare(CelebA((64, 64, 3), data_dir=str(tmp_path / f"{number}")), source, policy)["count"] == 4
        assert full in caplog.text


def test_cars_are_counted_before_small_ones_are_left_out(tmp_path):
    rows = [(1, 1, 70, 90, 5, "00001.jpg"), (1, 11, 70, 73, 5, "00002.jpg")]
    for name, members in cars_files(rows, []).items():
        write_tar(tmp_path / name, members)
    dataset = Cars((64, 64, 3), data_dir=str(tmp_path / "a"))
    dataset.full_count = 2
    assert prepare(dataset, tmp_path)["count"] == 1
    refused(Cars((64, 64, 3)), tmp_path, tmp_path / "b", "holds 2 images; the full set has 16,185")
    with pytest.raises(DataError, match="holds no image that cars keeps .*below 200"):
        prepared(Cars((64, 64, 3), min_side=200), tmp_path, tmp_path / "b")
