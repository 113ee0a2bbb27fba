"""A new run that begins with the weights of another: what it takes, what it leaves, and what it remembers."""

import json

import numpy as np
import pytest

from idgan_tf import runs
from idgan_tf.config import Configuration
from idgan_tf.errors import CheckpointError, ConfigError
from idgan_tf.experiments import from_run, stages
from idgan_tf.networks.resnet import ResNetDiscriminator, ResNetGenerator
from idgan_tf.run_directory import Run, read_environment
from idgan_tf.training import checkpoint, workers
from tests.helpers import build_tiny

GAN, IDGAN, BETAVAE = (f"tests/tiny/{name}.gin" for name in ("gan", "idgan", "betavae"))
SHORT = ("train.num_steps = 1", "train.picture_every = 0", "GAN.r1 = 3.0", "train.seed = 3")


def made(gin_file, folder, *bindings):
    """A run with a checkpoint of step 0 of weights and counters that no fresh run has."""
    settings, method = build_tiny(gin_file, folder, "train.seed = 7", *bindings)
    for player in method.players.values():
        player.optimizer.iterations.assign(9)
    method.step.assign(9)
    run = Run(folder)
    run.config.write_text(settings.configuration.text)
    checkpoint.save(run.checkpoints, checkpoint.state(method))
    return run


def at(run, step):
    with np.load(run.checkpoints / f"step-{step:08d}" / "state.npz") as file:
        return {key: file[key] for key in file.files}


def train(run, begin=None, *bindings):
    return stages.train(Configuration([GAN], [*SHORT, *bindings], ["tests"]), run.path, begin)[0]


@pytest.fixture(scope="module")
def gan(tmp_path_factory):
    return made(GAN, tmp_path_factory.mktemp("runs") / "gan")


def test_it_has_the_weights_of_all_players_and_averages_and_nothing_else(gan, tmp_path, caplog):
    caplog.set_level("INFO", logger="absl")
    run = train(Run(tmp_path / "new"), gan.path)
    assert checkpoint.steps(run.checkpoints) == [0, 1]
    first, theirs = at(run, 0), at(gan, 9)
    kept = [key for key in theirs if key.startswith("networks/")]
    assert {key.split("/")[1] for key in kept} == {"generator", "average_generator", "discriminator"}
    for key in kept:
        np.testing.assert_array_equal(first[key], theirs[key])
    assert first["step"] == 0 and all(
        not np.any(first[key]) for key in first if key.endswith("/000") and key not in kept
    )
    began = read_environment(run.environment)["from_run"]
    assert (began["run"], began["step"], began["not_taken"]) == (str(gan.path.resolve()), 9, {})
    assert set(began["taken"]) == {"generator", "average_generator", "discriminator"}
    (line,) = (record.message for record in caplog.records if "at step 9" in record.message)
    assert f"from {gan.path.resolve()} at step 9: generator" in line and line.endswith("none is fresh")
    assert "GAN.r1 = 3.0" in run.config.read_text(), "its configuration is its own"

    began = run.environment.read_text()
    train(run, gan.path, "train.num_steps = 2")  # the same command continues, as after a signal
    train(run, None, "train.num_steps = 3")
    assert checkpoint.steps(run.checkpoints) == [1, 2, 3]
    assert json.loads(began)["from_run"] == read_environment(run.environment)["from_run"]


def test_a_run_that_has_begun_otherwise_is_refused(gan, tmp_path):
    run = train(Run(tmp_path / "new"))
    before = sorted(run.path.rglob("*"))
    with pytest.raises(ConfigError, match="has begun already, with weights of its own: --from_run begins a new run"):
        train(run, gan.path)
    assert sorted(run.path.rglob("*")) == before


def test_what_was_stopped_before_its_first_checkpoint_remembers_what_it_begins_with(gan, tmp_path):
    run = train(Run(tmp_path / "new"), gan.path)
    for step in checkpoint.steps(run.checkpoints):
        (run.checkpoints / f"step-{step:08d}").rename(run.checkpoints / f"lost-{step}")
    run.done.unlink()
    with pytest.raises(ConfigError, match="has begun already, with the weights of .*gan"):
        train(run, tmp_path / "another")
    train(run)
    key = "networks/generator/000"
    np.testing.assert_array_equal(at(run, 0)[key], at(gan, 9)[key])


def test_what_begins_anew_with_another_configuration_forgets_what_it_was_to_begin_with(gan, tmp_path):
    run = Run(tmp_path / "new")  # as a kill leaves it while the stage before it trains
    run.path.mkdir()
    run.config.write_text(gan.config.read_text())
    run.environment.write_text(json.dumps({"from_run": {"run": str(gan.path.resolve()), "step": 9}}))
    train(run, None, "GAN.r1 = 4.0")
    assert checkpoint.steps(run.checkpoints) == [1], "of a run that begins with others' weights step 0 is kept"
    assert "from_run" not in read_environment(run.environment)


def test_of_a_pretrained_model_which_has_the_average_alone_its_network_begins_as_that(tmp_path, monkeypatch):
    _, shipped = build_tiny(GAN, tmp_path / "shipped", "train.seed = 7")
    shipped.networks = {"average_generator": shipped.networks["average_generator"]}
    average = shipped.average_generator.get_weights()
    monkeypatch.setattr(runs, "load", lambda *_: shipped)
    _, method = build_tiny(GAN, tmp_path / "new", "train.seed = 3")
    judge = method.discriminator.get_weights()
    said = from_run.Weights("pretrained:gan").put(method)
    for network in (method.generator, method.average_generator):
        assert all(map(np.array_equal, network.get_weights(), average))
    assert all(map(np.array_equal, method.discriminator.get_weights(), judge))
    assert {key.split("/")[0] for key in said["not_taken"]} == {"discriminator"}


@pytest.mark.parametrize(
    "spoil, error, said",
    [
        (lambda run: run.config.unlink(), ConfigError, "no run directory"),
        (lambda run: (run.checkpoints / "step-00000009").rename(run.path / "moved"), CheckpointError, "no checkpoint"),
        (lambda run: (run.checkpoints / "step-00000009" / "state.npz").write_text(""), CheckpointError, "damaged"),
    ],
)
def test_of_a_run_that_is_none_nothing_begins(spoil, error, said, tmp_path):
    old, new = made(GAN, tmp_path / "old"), Run(tmp_path / "new")
    spoil(old)
    with pytest.raises(error, match=said):
        train(new, old.path)
    assert not new.path.exists()


def test_workers_compare_what_they_begin_with(tmp_path, monkeypatch):
    """One that begins afresh among those that begin with R would train other weights than theirs."""

    class Said(Exception):
        pass

    def meet(text=""):
        raise Said(text)

    monkeypatch.setattr(workers, "meet", meet)
    said = []
    for begin in (None, "runs/a", "runs/b"):
        with pytest.raises(Said) as told:
            train(Run(tmp_path / "new"), begin)
        said.append(str(told.value))
    assert len(set(said)) == 3


def test_a_run_whose_layers_are_all_others_is_refused_before_anything_is_written(tmp_path):
    old, new = made(BETAVAE, tmp_path / "old"), Run(tmp_path / "new")
    with pytest.raises(ConfigError, match="has no layer like one of generator.*it has the networks encoder, decoder"):
        train(new, old.path)
    assert not new.path.exists()


def test_the_frozen_teacher_stays_the_one_of_the_configuration(tmp_path):
    weights = from_run.Weights(made(IDGAN, tmp_path / "old").path, ["tests"])
    _, method = build_tiny(IDGAN, tmp_path / "new", "train.seed = 3")
    before = method.teacher_encoder.get_weights(), method.generator.get_weights()
    said = weights.put(method)
    assert "teacher_encoder" not in said["taken"]
    assert all(np.array_equal(a, b) for a, b in zip(before[0], method.teacher_encoder.get_weights(), strict=True))
    assert not np.array_equal(before[1][0], method.generator.get_weights()[0])


def test_of_another_image_size_the_layers_that_fit_are_taken(gan, tmp_path):
    _, method = build_tiny(GAN, tmp_path / "new", "IMAGE_SHAPE = (16, 16, 1)")
    said = from_run.Weights(gan.path, ["tests"]).put(method)
    line = from_run.told(said)
    layers = {name: len(from_run._layers(network)) for name, network in method.networks.items()}
    fresh = {name: sum(n for key, n in said["not_taken"].items() if key.startswith(f"{name}/")) for name in layers}
    assert said["taken"] == {name: f"{count - fresh[name]} of {count} layers" for name, count in layers.items()}
    assert 0 < sum(fresh.values()) < sum(layers.values()) and "fresh are " in line and "\n" not in line


def test_layers_are_of_one_kind_and_shape_and_keep_their_order():
    small, large = ResNetGenerator((8, 8, 1), 3, 2, "torch"), ResNetGenerator((16, 16, 1), 3, 2, "torch")
    ours, theirs = from_run._layers(large), from_run._layers(small)
    found = from_run._pairs(ours, theirs)
    kinds = [kind for kind, _ in ours]
    assert kinds[0] == "dense" and 0 not in found, "the stem is of other maps"
    assert found[len(ours) - 1] == len(theirs) - 1 and kinds[-1] == "head"
    assert list(found.values()) == sorted(found.values())
    for here, there in found.items():
        assert ours[here][0] == theirs[there][0]
        assert [v.shape for v in ours[here][1]] == [v.shape for v in theirs[there][1]]
    same = ResNetGenerator((8, 8, 1), 3, 2, "torch")
    assert from_run._pairs(from_run._layers(same), theirs) == {i: i for i in range(len(theirs))}
    judge = from_run._layers(ResNetDiscriminator((8, 8, 1), 2, "torch"))
    bigger = from_run._layers(ResNetDiscriminator((16, 16, 1), 2, "torch"))
    assert len(from_run._pairs(bigger, judge)) >= len(judge) - 2, "all but its deepest maps"
