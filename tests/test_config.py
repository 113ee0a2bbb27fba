"""Which changes of a configuration a run may go on with, and mistakes that gin alone would pass over."""

import dataclasses
import re

import gin
import pytest

from idgan_tf.config import Configuration, configuration, gin_files, gin_state
from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.metric import metrics
from idgan_tf.training import build
from tests.helpers import PROJECT

BEFORE = ("gin/betavae_dsprites.gin",)
LONG = '("fvm", "mig", "dci", "modularity", "linear_probe", "fid_dsprites", "rid")'  # over several lines in config.gin


def changes(*bindings):
    old, new = Configuration(BEFORE), Configuration(BEFORE, bindings)
    return new.differences(old.text), old.differences(new.text)


def test_its_text_imports_what_it_binds(tmp_path):
    """So that it can be read where nobody has imported the metric of a training's binding."""
    metrics()
    asked = Configuration(["gin/betavae_dsprites.gin"], ["fvm.num_votes = 3", "train.seed = 1"])
    imported = re.findall(r"^import ([\w.]+)", asked.text, re.MULTILINE)
    assert {"idgan_tf.evaluation.codes.fvm", "idgan_tf.training.build", "idgan_tf.methods.betavae"} <= {*imported}
    assert len(imported) == len({*imported})
    (tmp_path / "config.gin").write_text(asked.text)
    assert Configuration([tmp_path / "config.gin"]).text == asked.text


@pytest.mark.parametrize(
    "binding",
    ["train.log_every = 7", "train.save_every = 7", "train.picture_every = 7", "train.keep_every = 7"]
    + ["train.evaluate_every = 7", "train.num_steps = 7", "train.rollbacks = 7", "train.rollback_factor = 0.7"]
    + ["train.resident_bytes = 7", 'train.metrics = ("mig",)', f"train.metrics = {LONG}"],
)
def test_what_changes_nothing_that_is_learnt_may_change(binding):
    assert changes(binding) == ([], [])
    name = re.match(r"train\.(\w+)", binding).group(1)
    assert f"`{name}`" in (PROJECT / "docs" / "reliability.md").read_text(), "the list that users read"


def test_where_a_module_lies_changes_nothing():
    before = Configuration(BEFORE)
    assert before.differences(before.text.replace("import idgan_tf.", "import idgan_tf.elsewhere.")) == []


def test_a_gin_file_may_import_a_module_by_its_earlier_name(tmp_path, monkeypatch):
    monkeypatch.setitem(gin_files.RENAMED, "idgan_tf.elsewhere.betavae", ("idgan_tf.methods.betavae",))
    (tmp_path / "old.gin").write_text("import idgan_tf.elsewhere.betavae as idgan_tf2  # moved\nBetaVAE.beta = 7.0\n")
    (tmp_path / "mine.gin").write_text(f'include "{tmp_path}/old.gin"\n')
    mine = Configuration([tmp_path / "mine.gin"])
    assert mine.bindings_of("BetaVAE") == {"beta": 7.0} and "elsewhere" not in mine.text


def test_a_gin_file_may_bind_modularity_as_when_it_measured_explicitness_too(tmp_path):
    text = "import idgan_tf.evaluation.modularity\nmodularity.num_train = 7\nmodularity.num_test = 3\n"
    (tmp_path / "old.gin").write_text(f"{text}import idgan_tf.evaluation.fvm\n")
    assert Configuration([tmp_path / "old.gin"]).bindings_of("modularity") == {"num_samples": 7}


def test_the_bindings_of_a_method_that_does_not_train_are_refused():
    configuration = Configuration(["gin/dcgan_dsprites.gin"], ["IBGAN.instance_noise = (1.0, 0.0, 9)"])
    with pytest.raises(ConfigError, match=r"nothing reads IBGAN.instance_noise: train.method is @DCGAN"):
        build.settings(configuration)


def test_a_teachers_harmless_bindings_may_change_and_its_steps_may_not():
    found = []
    for steps, *others in ([9], [9, "train.log_every = 7"], [8], [9, "train.seed = 2"]):
        params = (f"train.num_steps = {steps}", *others)
        found.append(Configuration(["gin/idgan_dsprites.gin"], [f"teacher.gin_params = {params!r}"]))
    first, harmless, steps, seed = found
    assert harmless.differences(first.text) == []
    assert steps.differences(first.text) and seed.differences(first.text)


@pytest.mark.parametrize(
    "binding",
    ["train.batch_size = 7", "train.seed = 7", 'train.precision = "mixed_bfloat16"', "train.jit_compile = True"]
    + ["train.method = @keras.optimizers.SGD", 'DSprites.source = "npz"', "BetaVAE.beta = 7.0", "LATENT_DIM = 7"]
    + ["Adam.learning_rate = 7.0", "Adam.epsilon = 0.7"],
)
def test_anything_else_is_shown_on_one_line(binding):
    there, back = changes(binding)
    name = binding.split(" = ")[0]
    assert any(line.startswith("+") and name in line for line in there), there
    assert any(line.startswith("-") and name in line for line in back), back


def test_a_long_value_is_one_difference():
    long = ", ".join(f'"train.seed = {i}"' for i in range(9))
    there, _ = changes(f"Adam.name = ({long})")
    assert len(there) == 1 and there[0].startswith("+Adam.name = ('train.seed = 0', 'train.seed = 1'")


@pytest.mark.parametrize("value, word", [("mixed_bfloat16", "mixed_bfloat16"), ("(1, false)", "false")])
def test_text_without_quotes_is_told_as_such_in_bindings_and_files(value, word, tmp_path):
    with pytest.raises(
        ConfigError, match=f"--gin_param='train.precision={re.escape(value)}', line 1: {word} is no value"
    ):
        Configuration(BEFORE, [f"train.precision={value}"])
    (tmp_path / "mine.gin").write_text(f"# mine\ntrain.precision = {value}\n")
    with pytest.raises(ConfigError, match=f"mine.gin, line 2: {word} is no value; text needs quotes"):
        Configuration([tmp_path / "mine.gin"])


def test_a_macro_that_nothing_sets_is_refused():
    with pytest.raises(ConfigError, match="nothing sets the macro BATCH; set are IMAGE_SHAPE, LATENT_DIM"):
        Configuration(BEFORE, ["train.batch_size = %BATCH"])
    assert "50%OFF" in Configuration(BEFORE, ['Adam.name = "50%OFF"']).text, "text is no macro"


def test_a_configurable_of_ones_own_that_is_called_as_one_of_ours_is_refused(monkeypatch):
    names = dict.fromkeys(["idgan_tf.training.build.train", "keras.optimizers.Adam", "mine.Adam", "mine.train"])
    monkeypatch.setattr(gin_state._gin._REGISTRY, "_selector_map", names)
    assert gin_state.namesakes("idgan_tf") == [("idgan_tf.training.build.train", "mine.train")]
    with pytest.raises(ConfigError, match="mine.train has the name of idgan_tf.training.build.train.*; rename it"):
        configuration._check_names()


def test_a_file_that_lies_in_the_project_is_found_without_a_word(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    Configuration(BEFORE)
    assert not caplog.records


def test_a_scope_that_nothing_opens_is_refused():
    Configuration(["gin/idgan_dsprites.gin"], ["generator/keras.optimizers.RMSprop.learning_rate = 1e-5"])
    with pytest.raises(ConfigError, match="generater/RMSprop.* are discriminator, generator$"):
        Configuration(["gin/idgan_dsprites.gin"], ["generater/keras.optimizers.RMSprop.learning_rate = 1e-5"])


def test_a_binding_of_a_schedule_that_is_not_the_one_in_use_is_refused():
    told = (
        "nothing reads capacity/PolynomialDecay.decay_steps: no @capacity/PolynomialDecay is in use, but @capacity/Piec"
    )
    with pytest.raises(ConfigError, match=told):
        Configuration(["gin/annealedvae_dsprites.gin"], ["capacity/PolynomialDecay.decay_steps = 8000"])
    with pytest.raises(ConfigError, match="no @generator/SGD is in use, but @generator/PiecewiseConstantDecay, "):
        Configuration(["gin/ibgan_short_dsprites.gin"], ["generator/keras.optimizers.SGD.learning_rate = 1.0"])


def test_another_schedule_in_the_same_scope_leaves_nothing_of_the_first_and_what_an_old_run_kept_is_forgotten(tmp_path):
    rate = "generator/keras.optimizers.RMSprop.learning_rate = 1e-4"
    text = Configuration(["gin/ibgan_short_dsprites.gin"], [rate]).text
    assert "generator/PiecewiseConstantDecay" not in text and "r1/PiecewiseConstantDecay.values" in text
    kept = "# Parameters for generator/keras.optimizers.PiecewiseConstantDecay:\n# ====\n"
    kept += "generator/keras.optimizers.PiecewiseConstantDecay.boundaries = (6000,)\n"
    (tmp_path / "config.gin").write_text(f"{text}\n{kept}")
    assert Configuration([tmp_path / "config.gin"]).text == text


@pytest.mark.parametrize("old", ["(1.0, 0.5, 6000)", "[1.0,0.5,6000,]  # as (they, say)", "(\n  1.0,\n  0.5,\n  6000)"])
def test_noise_is_read_as_it_was_written_before_it_was_a_schedule(old):
    for text in (f"IBGAN.instance_noise = {old}", f"  IBGAN.instance_noise={old}"):
        bound = Configuration(["gin/ibgan_dsprites.gin"], [text]).text
        assert "PiecewiseLinear.steps = (0, 6000)" in bound and "PiecewiseLinear.values = (1.0, 0.5)" in bound
    at_once = Configuration(["gin/ibgan_dsprites.gin"], ["IBGAN.instance_noise = (1.0, 0.5, 0.0)"]).text
    assert "instance_noise/PiecewiseLinear.steps = (0, 1)" in at_once


def test_a_configuration_is_in_force_within_its_block_alone_and_within_another():
    first, second = Configuration(BEFORE, ["train.seed = 1"]), Configuration(BEFORE, ["train.seed = 2"])
    gin.bind_parameter("train.seed", 7)

    def seed():
        return gin.query_parameter("train.seed")

    with first.in_force():
        gin.bind_parameter("train.log_every", 9)
        with second.in_force():
            assert seed() == 2 and "log_every" not in gin.get_bindings("train", resolve_references=False)
        assert seed() == 1 and gin.query_parameter("train.log_every") == 9
        with pytest.raises(KeyError), second.in_force():
            raise KeyError
        assert seed() == 1
    assert seed() == 7 and first.bindings_of("train").keys() == second.bindings_of("train").keys()
    with first.in_force():
        assert "log_every" not in gin.get_bindings("train", resolve_references=False), "it stays as it was read"
    assert gin.get_bindings("train", resolve_references=False) == {"seed": 7}


def test_a_configuration_that_cannot_be_read_leaves_gin_as_it_was(tmp_path):
    gin.bind_parameter("train.seed", 7)
    (tmp_path / "half.gin").write_text("train.seed = 8\ntrain.sed = 9\n")
    with pytest.raises(ConfigError, match="sed.*half.gin"):
        Configuration([tmp_path / "half.gin"])
    assert gin.query_parameter("train.seed") == 7


@pytest.mark.parametrize("value", ["True", "False", "None"])
def test_a_value_in_quotes_that_would_count_as_true_is_refused(value, tmp_path):
    with pytest.raises(ConfigError, match=f"'{value}' is a text, which counts as true; write {value} without quotes"):
        Configuration(BEFORE, [f"train.jit_compile = '{value}'"])
    (tmp_path / "mine.gin").write_text(f'train.jit_compile = "{value}"\n')
    with pytest.raises(ConfigError, match="mine.gin: .* without quotes"):
        Configuration([tmp_path / "mine.gin"])


def test_a_configuration_is_a_value(tmp_path):
    path = tmp_path / "mine.gin"
    path.write_text('include "gin/betavae_dsprites.gin"\ntrain.seed = 3\n')
    mine = Configuration([path], ["train.log_every = 7"], ["tests"])
    more = mine.with_bindings("train.seed = 4", "train.log_every = 8")
    assert mine == Configuration((str(path),), ("train.log_every = 7",), ("tests",)) != more
    assert [c.bindings_of("train")["seed"] for c in (mine, more)] == [3, 4]
    assert more.bindings == ("train.log_every = 7", "train.seed = 4", "train.log_every = 8")
    with pytest.raises(dataclasses.FrozenInstanceError):
        mine.bindings = ()
    path.unlink()
    assert mine.bindings_of("train")["log_every"] == 7, "the file was read once"


def test_a_macro_of_a_file_is_forgotten_with_the_one_that_reads_it_and_one_that_is_given_is_not():
    files, shape = ["gin/cvae_cifar10.gin", "gin/data/image_folder.gin"], "IMAGE_SHAPE = (32, 48, 3)"
    text = Configuration(files, [shape]).text
    assert "IMAGE_SHAPE = (32, 48, 3)" in text and "CHANNELS" not in text and "SIZE = " not in text
    for given in ("CHANNELS = 1", "# grey\nCHANNELS = 1", "CHANNELS/macro.value = 1", "CHANNELS/gin.macro.value=1"):
        with pytest.raises(ConfigError, match="nothing reads the macro CHANNELS"):
            Configuration(files, [shape, given])


def test_a_number_may_stand_in_place_of_a_schedule_and_what_is_given_for_that_schedule_is_refused():
    files, number = ["gin/ibgan_short_dsprites.gin"], "IBGAN.beta = 0.1"
    text = Configuration(files, [number]).text
    assert "IBGAN.beta = 0.1" in text and "beta/" not in text and "r1/PiecewiseConstantDecay.values" in text
    with pytest.raises(ConfigError, match="nothing reads beta/PiecewiseLinear.steps: no @beta/ is in use"):
        Configuration(files, [number, "beta/PiecewiseLinear.steps = (0, 9)"])


def test_an_apostrophe_in_a_comment_hides_no_macro(tmp_path):
    path = tmp_path / "mine.gin"
    path.write_text("include 'gin/betavae_dsprites.gin'\n# it's mine\nMINE = 3\ntrain.batch_size = %MINE\n# isn't it\n")
    assert "MINE" not in Configuration([path], ["train.batch_size = 4"]).text


def test_a_part_of_experiments_may_set_a_macro_for_other_files():
    with pytest.raises(ConfigError, match="nothing reads the macro IMAGE_SHAPE"):
        Configuration(["gin/data/dsprites.gin"])
    assert "IMAGE_SHAPE = " in Configuration(["gin/data/dsprites.gin"], is_part=True).text


@pytest.mark.parametrize(
    "schedule, arguments, values",
    [
        ("PiecewiseConstantDecay", {"boundaries": (2,), "values": (0, 0.5)}, (0.0, 0.5)),
        ("PolynomialDecay", {"initial_learning_rate": 1.0, "decay_steps": 3, "end_learning_rate": 0.25}, (1.0, 0.25)),
        ("CosineDecay", {"initial_learning_rate": 1.0, "decay_steps": 3}, (1.0, 0.0)),
    ],
)
def test_schedules_of_keras_are_known_to_gin_and_whole_numbers_may_stand_beside_others(schedule, arguments, values):
    Configuration(["gin/betavae_dsprites.gin"])
    made = gin.get_configurable(f"keras.optimizers.{schedule}")(**arguments)
    assert [float(made(step)) for step in (0, 3)] == pytest.approx(values)
