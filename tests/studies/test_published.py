import pytest

from idgan_tf.config import Configuration
from idgan_tf.studies import published
from idgan_tf.training import build
from tests.helpers import PROJECT


def test_a_printed_number_with_its_spread_and_its_place():
    (number,) = published.of("idgan", "color_dsprites", "fid_dsprites50k")
    assert str(number) == "0.25 ± 0.23 (ID-GAN, Table 1)"
    assert [str(n) for n in published.of("betavae", "dsprites", "fvm")] == [
        "0.65 ± 0.08 (ID-GAN, Table 2)",
        "0.69 ± 0.09 (IB-GAN, Table 1)",
    ]
    assert str(published.of("label_relevant_vae", "cifar10", "inception_score50k")[0]).startswith(
        "7.04 (label-relevant"
    )
    assert published.of("idgan", "dsprites", "sap") == published.of(None, None, "fvm") == []


def test_two_numbers_never_stand_in_one_place():
    for key, numbers in published._numbers().items():
        places = [(number.paper, number.table) for number in numbers]
        assert len(set(places)) == len(places), key


@pytest.mark.parametrize("method, dataset", sorted({(method, dataset) for method, dataset, _ in published._numbers()}))
def test_a_run_of_a_gin_file_stands_beside_the_numbers_of_its_name(method, dataset):
    gin_file = f"gin/{method}_{dataset}.gin"
    assert published.method_of(gin_file, dataset) == method
    assert (PROJECT / gin_file).exists() or dataset == "chairs_grey"
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
