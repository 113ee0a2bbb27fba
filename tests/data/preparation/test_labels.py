import logging
import pathlib
import unicodedata

import numpy as np
import pytest

from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation import labels
from idgan_tf.data.preparation.sources import Source
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import ConfigError, DataError
from tests.data.files import encoded, picture, write_folder, write_zip


def of_folders(*names):
    classes, notes = labels.of_folders("in", names)
    return [classes.get(name) for name in names], notes


@pytest.mark.parametrize(
    "names, classes",
    [
        (["cat/1", "dog/2"], "cat dog"),
        (["animals/cat/1", "animals/dog/2"], "cat dog"),
        (["animals/train/cat/1", "animals/test/cat/2", "animals/test/dog/3"], "cat cat dog"),
        (["Train/cat/1", "VAL/dog/2"], "cat dog"),
        (["c/test/apple/0", "c/test/train/1", "c/train/train/2", "c/train/tank/3"], "apple train train tank"),
        (["train/1", "plane/2", "test/3"], "train plane test"),
        (["cat/2019/1", "cat/2020/2", "dog/2019/3"], "cat cat dog"),
        (["A/face/1", "A/2", "B/face/3"], "A A B"),
        (["images/cat/1", "images/dog/2"], "cat dog"),
        (["train/n1/images/1", "train/n2/images/2"], "n1 n2"),
        (["training_set/training_set/cat/1", "test_set/test_set/dog/2"], "cat dog"),
        (["train/cat/1", "train/dog/2"], "cat dog"),
        (["train/test/1", "test/test/2"], "test test"),
    ],
)
def test_classes_are_the_uppermost_folders_below_splits(names, classes):
    assert of_folders(*names)[0] == classes.split()


def test_what_was_taken_for_a_class_is_said():
    _, notes = of_folders("c/train/cat/2019/1", "c/test/cat/2", "c/test/dog/3")
    assert notes == ["a class is a folder in c/test, c/train of in", "folders below a class are none: 2019"]


def test_a_split_without_classes_beside_labelled_ones_is_left_out_aloud():
    for test in ("test/9", "test/images/9"):
        classes, notes = of_folders("train/cat/1", "train/dog/2", test)
        assert classes == ["cat", "dog", None] and notes[-1] == "left out 1 image of test, which has no class folders"


@pytest.mark.parametrize(
    "names, message",
    [
        (["train/cat/1", "sample/2"], "train looks like a split that has classes below it, but sample lies beside it"),
        (["train/cat/1", "2"], "but an image lies beside it"),
        (["train/1", "test/2"], "holds test, train and no class folders below"),
        (["train/cat/1", "train/2"], "train/2 lies in no class folder"),
        (["cat/1", "2"], "2 lies in no class folder"),
        (["images/1"], "images/1 lies in no class folder; .*ImageFolder.labels_file"),
    ],
)
def test_folders_that_may_mean_two_things_are_refused(names, message):
    with pytest.raises(DataError, match=message):
        of_folders(*names)


NAMES = ["a/0.png", "a/1.png", "b/10.png"]


def of_file(data, names=NAMES, labels_file="labels.csv"):
    class One(Source):
        def _bytes(self, name):
            return data if isinstance(data, bytes) else data.encode()

    return labels.of_file(One(pathlib.Path("in"), [*names, "meta/labels.csv"]), names, labels_file)


@pytest.mark.parametrize(
    "data",
    [
        "name,label\na/0.png,cat\na/1.png,dog\nb/10.png,cat\n",
        "file;label\r\n0.png;cat\r\n1.png;dog\r\n10.png;cat\r\n",
        "\ufefffile\tlabel\n./a/0.png\tcat\na\\1.png\tdog\n10.png\tcat\n",
        "id,breed\n0,cat\n1,dog\n10,cat\n",
        "class,x,name\n".replace("class,x,name", "image,x,class") + "0.png,7,cat\n1.png,7,dog\n10.png,7,cat\n",
        "label,file\ncat,0.png\ndog,1.png\ncat,10.png\n",
        '{"0.png": "cat", "a/1.png": "dog", "b/10": "cat"}',
        '{"labels": [["a/0.png", "cat"], ["a/1.png", "dog"], ["b/10.png", "cat"]]}',
        '[["0.png", "cat"], ["1.png", "dog"], ["10.png", "cat"]]',
        "label,text,file_name\ncat,a cat,0.png\ndog,a dog,1.png\ncat,a cat,10.png\n",
        ",file,label\n0,0.png,cat\n1,1.png,dog\n2,10.png,cat\n",
        'file,text,label\n0.png,"a\ncat",cat\n1.png,"a\u2028dog",dog\n10.png,,cat\n',
        '{"file_name": "0.png", "label": "cat"}\n{"file_name": "1.png", "label": "dog"}\n'
        '{"file_name": "10.png", "label": "cat", "text": "a cat"}\n',
        '[{"image": "0.png", "class": "cat"}, {"image": "1.png", "class": "dog"}, {"image": "10.png", "class": "cat"}]',
    ],
)
def test_every_form_of_a_file_of_labels(data):
    classes, notes = of_file(data)
    assert classes == dict(zip(NAMES, ["cat", "dog", "cat"], strict=True))
    assert len(notes) == 1 and notes[0].startswith("classes are those of in: meta/labels.csv (sha256 ")


def test_what_a_file_of_labels_does_not_say_is_said():
    classes, notes = of_file("name,label\n0.png,cat\nx.png,dog\n")
    assert classes == {"a/0.png": "cat"}
    assert notes[1:] == [
        "it names 1 image that is not there: x.png",
        "left out 2 images that it does not name: a/1.png, b/10.png",
    ]


@pytest.mark.parametrize(
    "data, message",
    [
        ("0.png,cat\n1.png,dog\n", "begins with an image; its first line must name the columns"),
        ("0,cat\n1,dog\n", "begins with an image; its first line must name the columns"),
        ("./0,cat\n1,dog\n", "begins with an image; its first line must name the columns"),
        ("name,kind,size\n0.png,cat,3\n", "has columns name, kind, size; one must be named label"),
        ("name\n0.png\n", "one must be named label"),
        ("name,label\n0.png\n", "line 2 has 1 columns, not 2"),
        ("name,label\n0.png,\n", "0.png lacks its class"),
        ("name,label\n0.png,cat\n0.png,dog\n", "says 'cat' and 'dog' of 0.png"),
        ("name,label\n0.png,cat\na/0.png,dog\n", "says 'cat' and 'dog' of a/0.png"),
        ("name,label\nx.png,cat\n", "names none of the 3 images, but x.png"),
        ("name,label\n", "names none of the 3 images, but nothing"),
        ('{"0.png": "cat", "0.png": "dog"}', "'0.png' stands in it twice"),
        ('{"image": "0.png", "label": 1}\n{"image": "1.png", "label": 1, "label": 2}', "'label' stands in it twice"),
        ('[["0.png", 1], {"image": "1.png", "label": 2}]', "neither records nor pairs of a file and its class"),
        ('{"labels": ["00", "11"]}', "neither records nor pairs of a file and its class"),
        ("[" * 100_000, "is no file of labels"),
        ('{"0.png": 1.5}', "a class is a text or a whole number"),
        ('{"labels": null}', "a class is a text or a whole number"),
        ("{", "is no file of labels"),
        (b"\xff\xfe\x00", "is not in UTF-8; save it so"),
        ('[{"image": "0.png", "kind": "cat"}]', "is no file of labels .'label'"),
        ("", "is no file of labels"),
    ],
)
def test_files_that_say_no_class_or_two_are_refused(data, message):
    with pytest.raises(DataError, match=message):
        of_file(data)


def test_a_name_that_two_images_have_is_refused_and_a_whole_name_is_not():
    names = ["0.png", "a/0.png"]
    assert of_file("name,label\n0.png,cat\na/0.png,dog\n", names)[0] == {"0.png": "cat", "a/0.png": "dog"}
    with pytest.raises(DataError, match="0.png may be a/0.png or b/0.png; write their folders"):
        of_file("name,label\n0.png,cat\n", ["a/0.png", "b/0.png"])
    with pytest.raises(DataError, match="holds 0 files other.csv; its tables are meta/labels.csv"):
        of_file("", labels_file="other.csv")


@pytest.mark.parametrize("on_disk, in_table", [("NFD", "NFC"), ("NFC", "NFD")])
def test_accents_are_written_apart_or_together(on_disk, in_table):
    """macOS writes them apart in the names of files, in zip files too."""
    name, table = unicodedata.normalize(on_disk, "Käfer/ö.png"), "name,label\nö.png,Käfer\n0.png,Ka\u0308fer\n"
    classes, notes = of_file(unicodedata.normalize(in_table, table), [name, "0.png"])
    assert classes == {name: "Käfer", "0.png": "Käfer"} and len(notes) == 1


IMAGES = {f"images/{i}.png": encoded(picture(i, 8, 8)) for i in range(12)}


@pytest.mark.parametrize("place", ["zip", "beside"])
def test_a_dataset_takes_its_classes_from_a_file_whole_numbers_in_their_order(tmp_path, caplog, place):
    caplog.set_level(logging.INFO)
    table = "name,label\n" + "".join(f"{i}.png,{i}\n" for i in range(1, 12))
    (tmp_path / "classes.csv").write_text(table)
    source = write_zip(tmp_path / "in.zip", IMAGES | ({"classes.csv": table.encode()} if place == "zip" else {}))
    labels_file = "classes.csv" if place == "zip" else str(tmp_path / "classes.csv")
    dataset = ImageFolder("mine", (8, 8, 3), False, data_dir=str(tmp_path / "out"), labels_file=labels_file)
    prepare(dataset, source)
    assert dataset.class_names == tuple(str(i) for i in range(1, 12))
    for row, label in zip(dataset.arrays["image"], dataset.arrays["label"], strict=True):
        np.testing.assert_array_equal(row, picture(int(dataset.class_names[label]), 8, 8))
    assert "left out 1 image that it does not name: images/0.png" in caplog.text
    assert "11 classes: 1 (1), 2 (1), 3 (1)" in caplog.text
    (tmp_path / "other.csv").write_text("name,label\n1.png,Cat\n2.png,cat\n")
    other = ImageFolder("other", (8, 8, 3), True, data_dir=str(tmp_path), labels_file=str(tmp_path / "other.csv"))
    with pytest.raises(DataError, match="has two classes of one name: 'Cat' and 'cat'; rename one"):
        prepare(other, source)
    with pytest.raises(DataError, match="prepared with labels_file '.*classes.csv', not None"):
        ImageFolder("mine", (8, 8, 3), True, data_dir=str(tmp_path / "out")).arrays  # noqa: B018


@pytest.mark.parametrize("place", ["in", "beside"])
def test_other_labels_of_the_same_images_are_noticed(tmp_path, place):
    source = write_folder(tmp_path / "in", IMAGES)
    table = (source if place == "in" else tmp_path) / "labels.csv"
    table.write_text("name,label\n0.png,cat\n1.png,dog\n")
    given = {"data_dir": str(tmp_path / "out"), "labels_file": "labels.csv" if place == "in" else str(table)}
    for _ in range(2):
        assert prepare(ImageFolder("mine", (8, 8, 3), True, **given), source)["count"] == 2
    table.write_text("name,label\n0.png,dog\n1.png,cat\n")
    with pytest.raises(
        DataError, match="already prepared, and .*labels.csv has changed since, not read again: pass --rep"
    ):
        prepare(ImageFolder("mine", (8, 8, 3), True, **given), source)
    table.unlink()
    if place == "beside":
        assert prepare(ImageFolder("mine", (8, 8, 3), True, **given), source)["count"] == 2, "nothing is there to read"


def test_without_one_only_folders_count_and_a_table_that_is_there_is_mentioned(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    table = {"labels.csv": b"name,label\n0.png,cat\n"}
    dataset = ImageFolder("mine", (8, 8, 3), True, data_dir=str(tmp_path / "out"))
    with pytest.raises(
        DataError, match="lies in no class folder.*labels.csv is not read unless ImageFolder.labels_file"
    ):
        prepare(dataset, write_folder(tmp_path / "in", IMAGES | table))
    prepare(dataset, write_folder(tmp_path / "classes", {"cat/0.png": IMAGES["images/0.png"]} | table))
    assert "not read: labels.csv; ImageFolder.labels_file takes classes from such a file" in caplog.text
    assert "1 classes: cat (1)" in caplog.text and "a class is a folder at the top of" in caplog.text


def test_folders_that_are_numbers_are_in_the_order_of_numbers(tmp_path):
    """So that the label of an image of "7" is 7 where they count from nought."""
    source = write_folder(tmp_path / "in", {f"{i}/x.png": encoded(picture(i, 8, 8)) for i in range(11)})
    dataset = ImageFolder("mine", (8, 8, 3), True, data_dir=str(tmp_path / "out"))
    prepare(dataset, source)
    assert dataset.class_names == tuple(map(str, range(11)))
    for row, label in zip(dataset.arrays["image"], dataset.arrays["label"], strict=True):
        np.testing.assert_array_equal(row, picture(int(label), 8, 8))


def test_whether_there_are_labels_is_no_text():
    with pytest.raises(ConfigError, match="ImageFolder.labels must be True or False, got 'no'"):
        ImageFolder("mine", (8, 8, 3), labels="no")
