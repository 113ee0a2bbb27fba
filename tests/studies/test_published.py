import pathlib
import tomllib

import pytest

from idgan_tf import config
from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.metric import metrics
from idgan_tf.studies import published, study
from tests.helpers import load_tiny


def test_a_printed_number_with_its_spread_and_its_place():
    (number,) = published.of("idgan", "color_dsprites", "fid_dsprites")
    assert str(number) == "0.25 ± 0.23 (ID-GAN, Table 1)"
    assert [str(n) for n in published.of("betavae", "dsprites", "fvm")] == [
        "0.65 ± 0.08 (ID-GAN, Table 2)",
        "0.69 ± 0.09 (IB-GAN, Table 1)",
    ]
    assert str(published.of("label_relevant_vae", "cifar10", "inception_score")[0]).startswith("7.04 (label-relevant")
    assert published.of("idgan", "dsprites", "sap") == published.of(None, None, "fvm") == []


def test_a_number_stands_beside_the_networks_that_it_is_of():
    assert [str(n) for n in published.of("vae", "celeba64", "fid")] == ["160.06 (ID-GAN, Table 4)"]
    assert [str(n) for n in published.of("dcvae", "celeba64", "fid")] == ["129.7 (IB-GAN, Table 2)"]


def test_every_number_is_read_by_a_study_and_none_stands_in_a_study():
    read, columns = [], metrics()
    for name in study.names():
        text = tomllib.loads((study.FOLDER / f"{name}.toml").read_text())
        assert not any("published" in row for row in text["row"]), name
        for row in study.load(name, "paper").rows:
            assert row.published.keys() <= columns.keys() & set(row.metrics), "a metric of bin/evaluate"
            for table in text.get("published", ()):
                printed = published.in_tables([table], row.gin[0], row.dataset)
                read += [(pathlib.Path(row.gin[0]).stem, metric, table) for metric in printed]
    known = [
        (f"{method}_{dataset}", metric, number.where)
        for (method, dataset, metric), numbers in published._numbers().items()
        for number in numbers
    ]
    assert sorted(read) == sorted(known)


def test_a_table_that_nobody_printed_is_refused(tmp_path, monkeypatch):
    text = (study.FOLDER / "idgan_table2.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace("ID-GAN, Table 2", "ID-GAN, Table 22"))
    monkeypatch.setattr(study, "FOLDER", tmp_path)
    with pytest.raises(ConfigError, match="mine: nothing is known of ID-GAN, Table 22; there are ID-GAN, Table 1; "):
        study.load("mine", "cpu")


def test_two_numbers_never_stand_in_one_place():
    for key, numbers in published._numbers().items():
        places = [(number.paper, number.table) for number in numbers]
        assert len(set(places)) == len(places), key


@pytest.mark.parametrize("method", sorted({method for method, _, _ in published._numbers()}))
def test_a_configuration_is_known_as_the_method_of_its_gin_file(method):
    dataset = next(dataset for name, dataset, _ in published._numbers() if name == method)
    load_tiny(f"gin/{method}_{dataset}.gin")
    assert published.stem(config.text()) == method


def test_the_networks_for_1024_pixels_are_id_gan_and_a_classifier_is_in_no_table():
    for stem, method in (("idgan_celebahq", "idgan"), ("factor_classifier_dsprites", None)):
        load_tiny(f"gin/{stem}.gin")
        assert published.stem(config.text()) == method


def test_an_id_gan_of_a_teacher_in_no_table_stands_beside_no_number():
    load_tiny("gin/idgan_ibgan_dsprites.gin")
    assert published.stem(config.text()) == "idgan_ibgan"
    assert not published.of("idgan_ibgan", "dsprites", "fvm") and published.of("ibgan", "dsprites", "fvm")
