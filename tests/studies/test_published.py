import pytest

from idgan_tf import config
from idgan_tf.studies import published
from tests.helpers import load_tiny


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
