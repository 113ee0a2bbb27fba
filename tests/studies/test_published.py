import pathlib
import tomllib

import pytest

from idgan_tf.config import Configuration
from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.metric import metrics
from idgan_tf.studies import published, study
from idgan_tf.training import build
from tests.helpers import PROJECT

DOCS = (PROJECT / "docs" / "metrics.md").read_text()


# Papers whose methods are not here, or not as there: their numbers say what has been reached on a dataset.
ELSEWHERE = {"InfoGAN-CR", "DAVA", "VCT", "FDAE", "EncDiff", "DyGA"}


def test_a_number_that_was_not_read_from_the_text_of_its_paper_says_so():
    assert [str(number) for number in published.of("infogan_cr", "dsprites", "fvm")] == [
        "0.88 (InfoGAN-CR, Table 3 of the mean of 50 runs, read from a picture)",
        "0.92 (InfoGAN-CR, Table 3 with selection, read from a picture)",
    ]
    assert [str(number) for number in published.of("encdiff", "shapes3d", "dci")] == [
        "0.969 (EncDiff, read from a list)"
    ]
    assert all(n.how for numbers in published._numbers().values() for n in numbers if n.paper in ELSEWHERE)
    assert [str(number) for number in published.of("fdae", "shapes3d", "dci")] == ["0.917 (FDAE, unverified)"]


def test_the_docs_have_the_best_published_numbers():
    table = DOCS.split("### Best published")[1].split("\n\n| ")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    shown = {(dataset, row): cells for dataset, row, *cells in rows}
    for (_, dataset, metric), numbers in published._numbers().items():
        for number in numbers:
            if number.paper in ELSEWHERE:
                (cells,) = [
                    cells for key, cells in shown.items() if key[0] == f"`{dataset}`" and key[1].endswith(number.where)
                ]
                assert cells[("fvm", "dci", "mig").index(metric)] == number.mean


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
            assert row.published.keys() <= {*row.metrics, *row.values}, row
            for table in text.get("published", ()):
                printed = published.in_tables([table], row.gin[0], row.dataset)
                read += [(pathlib.Path(row.gin[0]).stem, metric, table) for metric in printed if metric in columns]
    known = [
        (f"{method}_{dataset}", metric, number.where)
        for (method, dataset, metric), numbers in published._numbers().items()
        for number in numbers
    ]
    elsewhere = tuple(where for where in published.tables() if where.split(", ")[0] in ELSEWHERE)
    assert sorted(read) == sorted(one for one in known if one[2] not in elsewhere)


def test_a_table_that_nobody_printed_is_refused(tmp_path, monkeypatch):
    text = (study.FOLDER / "idgan_table2.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace("ID-GAN, Table 2", "ID-GAN, Table 22"))
    monkeypatch.setattr(study, "FOLDER", tmp_path)
    with pytest.raises(
        ConfigError, match="mine.toml: nothing is known of ID-GAN, Table 22; there are ID-GAN, Table 1; "
    ):
        study.load("mine", "cpu")


def test_two_numbers_never_stand_in_one_place():
    for key, numbers in published._numbers().items():
        places = [(number.paper, number.table) for number in numbers]
        assert len(set(places)) == len(places), key


@pytest.mark.parametrize("method, dataset", sorted({(method, dataset) for method, dataset, _ in published._numbers()}))
def test_a_run_of_a_gin_file_stands_beside_the_numbers_of_its_name(method, dataset):
    gin_file = f"gin/{method}_{dataset}.gin"
    assert published.method_of(gin_file, dataset) == method
    papers = {n.paper for key, numbers in published._numbers().items() if key[:2] == (method, dataset) for n in numbers}
    assert (PROJECT / gin_file).exists() or dataset == "chairs_grey" or papers <= ELSEWHERE
    if (PROJECT / gin_file).exists():
        assert build.dataset(Configuration([gin_file])).name == dataset


def test_what_is_in_no_table_stands_beside_no_number():
    assert published.method_of("gin/idgan_dsprites.gin", "color_dsprites") is None
    assert published.method_of("runs/idgan_dsprites/config.gin", "dsprites") is None
    assert published.method_of("", "dsprites") is published.method_of("gin/quickstart.gin", None) is None
    for stem in ("idgan_ibgan", "idgan_showcase", "factor_classifier"):
        assert published.method_of(f"gin/{stem}_dsprites.gin", "dsprites") == stem
        assert not published.of(stem, "dsprites", "fvm")
    assert published.of("ibgan", "dsprites", "fvm")
