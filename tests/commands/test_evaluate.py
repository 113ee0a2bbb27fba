import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import runs
from idgan_tf.errors import CheckpointError, ConfigError
from idgan_tf.evaluation.feature_networks import shipped
from idgan_tf.evaluation.metric import Result, metrics
from idgan_tf.experiments import evaluate, outside
from idgan_tf.experiments.evaluate import names
from idgan_tf.experiments.scores import configuration_of, evaluate_run
from idgan_tf.networks.classifier import FactorHeads
from idgan_tf.run_directory import Run
from idgan_tf.run_log import append_metrics
from idgan_tf.training import checkpoint
from tests.faults import forked
from tests.helpers import build_tiny, command
from tests.helpers import metrics as lines_of

SMALL = [
    "fvm.num_votes = 30",
    "fvm.num_variance_samples = 48",
    "mig.num_samples = 200",
    "rid.num_samples = 64",
    "factor_fidelity.num_samples = 64",
    "fid_dsprites.num_samples = 96",
    "gilbo.cycle = 2",
    "gilbo.max_cycles = 1",
    "gilbo.batch_size = 8",
    "gilbo.num_samples = 64",
    "modularity.num_samples = 100",
    "explicitness.num_train = 100",
    "explicitness.num_test = 60",
    "mig_sup.num_samples = 100",
    "irs.num_samples = 100",
    "infomec.num_samples = 100",
    "dci_forest.num_samples = 100",
    "sap.num_train = 100",
    "sap.num_test = 60",
    "betavae_metric.num_train = 60",
    "betavae_metric.num_test = 30",
    "betavae_metric.num_pairs = 8",
    "dci.num_train = 60",
    "dci.num_test = 40",
]


def tiny_run(gin_file, folder):
    """A run directory with a checkpoint of step 12, as `bin/train` leaves it."""
    settings, method = build_tiny(gin_file, folder)
    method.step.assign(12)
    run = Run(folder)
    run.config.write_text(settings.configuration.text)
    checkpoint.save(run.checkpoints, checkpoint.state(method, sums=tf.Variable([0.0])))
    run.metrics.write_text('{"step": 12, "loss": 1.0}\n')
    return run


def evaluated(run, chosen, train=True, seed=0, gin_files=(), bindings=SMALL):
    configuration = configuration_of(run.path, gin_files, bindings)
    return dict(evaluate_run(run.path, configuration, chosen, train, seed))


def test_a_run_gets_lines_with_protocol_and_scalars(tmp_path):
    run = tiny_run("gin/betavae_dsprites.gin", tmp_path / "run")
    results = evaluated(run, ["fvm", "mig"], seed=5)
    line_before, fvm_line, mig_line = lines_of(run.path)
    assert line_before == {"step": 12, "loss": 1.0}
    assert fvm_line["step"] == 12 and fvm_line["fvm"] == results["fvm"].values["fvm"]
    assert mig_line["mig"] == results["mig"].values["mig"]
    assert mig_line["protocol"] == {
        "metric": "mig", "seed": 5, "dataset": "tiny_sprites", "source": "drawn", "num_samples": 200, "bins": 20,
    }  # fmt: skip
    (events,) = run.tensorboard.glob("events*")
    tags = {v.tag for e in tf.compat.v1.train.summary_iterator(str(events)) for v in e.summary.value}
    assert {"evaluation/fvm", "evaluation/mig"} <= tags
    assert evaluated(run, ["fvm"], seed=5)["fvm"].values == results["fvm"].values


def test_all_takes_what_an_idgan_can_have_and_says_what_it_leaves_out(tmp_path, monkeypatch):
    monkeypatch.setenv("IDGAN_CACHE", str(tmp_path / "cache"))
    run = tiny_run("gin/idgan_dsprites.gin", tmp_path / "run")
    classifier = tmp_path / "factor_classifier_tiny_sprites" / "networks" / "classifier.keras"
    classifier.parent.mkdir(parents=True)
    FactorHeads((64, 64, 1), (3, 4, 4), "torch").save(classifier)
    results = evaluated(run, *names("all"))
    left_out = {name: reason for name, reason in results.items() if not isinstance(reason, Result)}
    assert list(results) == list(metrics())
    of_labels = {"diversity", "label_inception_score", "linear_probe", "mlp_probe", "toy_spread"}
    of_features = {"fid", "kid", "precision_recall", "density_coverage", "mind", "mmd_rbf"}
    assert set(left_out) == {"mi_bounds", "udr", "inception_score", *of_features, *of_labels}
    assert "IDGAN_INCEPTION_DIR" in left_out["mind"], "no network of tiny sprites comes with the package"
    assert left_out["diversity"] == "tiny_sprites has no classes"
    assert "IDGAN_INCEPTION_DIR" in left_out["fid"]
    assert results["fid_dsprites"].protocol["generated"] == "G(s, c), s ~ N(0, I), c ~ q(c)"
    values = [value for result in results.values() if isinstance(result, Result) for value in result.values.values()]
    assert np.all(np.isfinite(values))


def test_all_takes_what_a_method_of_toy_points_can_have(tmp_path, monkeypatch):
    monkeypatch.setenv("IDGAN_CACHE", str(tmp_path / "cache"))
    small = ["linear_probe.num_train = 60", "linear_probe.num_test = 30", "mlp_probe.num_train = 60"]
    run = tiny_run("tests/tiny/label_relevant_vae.gin", tmp_path / "run")
    results = evaluated(
        run, *names("all"), bindings=[*small, "mlp_probe.num_test = 30", "toy_spread.points_per_class = 40"]
    )
    assert list(results) == list(metrics())
    assert {name for name, result in results.items() if isinstance(result, Result)} == {"linear_probe", "toy_spread"}
    assert results["mlp_probe"].startswith("an MLP probe needs two classes or more, ten codes for each")
    assert results["diversity"] == "MS-SSIM needs images of 16 px, those of toy are 1x1"
    assert results["fid"] == "Inception looks at grey or colour, not at toy's images"


def test_the_feature_network_is_trained_first_where_it_is_asked_for(tmp_path, monkeypatch):
    from idgan_tf.evaluation.feature_networks import own_network
    from idgan_tf.experiments import stages

    run = tiny_run("gin/betavae_dsprites.gin", tmp_path / "run")
    network = tmp_path / "factor_classifier_dsprites" / "networks" / "classifier.keras"
    asked = []

    def finish(configuration, folder):
        asked.append((configuration.gin_files, folder))
        network.parent.mkdir(parents=True)
        FactorHeads((64, 64, 1), (3, 4, 4), "torch").save(network)

    monkeypatch.setattr(stages, "finish", finish)
    monkeypatch.setattr(own_network, "gin_file_of", lambda network, dataset: f"gin/{network}_dsprites.gin")
    results = evaluated(run, ["fid_dsprites"])
    assert asked == [(("gin/factor_classifier_dsprites.gin",), tmp_path / "factor_classifier_dsprites")]
    assert results["fid_dsprites"].values["fid_dsprites96"] > 0
    assert results["fid_dsprites"].protocol["generated"] == "decoder mean, c ~ N(0, I)"
    bound = evaluated(run, ["fid_dsprites"], bindings=[f"fid_dsprites.network = '{network}'", *SMALL])
    assert bound["fid_dsprites"].values == results["fid_dsprites"].values and len(asked) == 1


def test_a_shipped_network_comes_before_a_trained_one_and_their_scores_are_told_apart(tmp_path, monkeypatch, caplog):
    run = tiny_run("gin/betavae_dsprites.gin", tmp_path / "run")
    (tmp_path / "factor_classifier_tiny_sprites").mkdir()
    before = {"step": 12, "fid_dsprites96": 3.0, "protocol": {"feature_sha256": "0123456789abcdef"}}
    append_metrics(run.metrics, before)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    path = tmp_path / "factor_classifier_tiny_sprites.npz"
    shipped.pack(FactorHeads((64, 64, 1), (3, 4, 4), "torch"), "tiny_sprites", path)
    protocol = evaluated(run, ["fid_dsprites"])["fid_dsprites"].protocol
    assert protocol["feature_network"] == "factor_classifier_tiny_sprites, shipped with idgan_tf"
    assert "which comes with idgan_tf, not of" in caplog.text
    assert "fid_dsprites96 by another feature network (0123456789ab)" in caplog.text


def test_a_training_measures_with_the_network_that_comes_with_the_package(tmp_path, monkeypatch):
    run = tiny_run("gin/betavae_dsprites.gin", tmp_path / "run")
    configuration = configuration_of(run.path, bindings=SMALL)
    method, dataset = runs.restore(run.path, configuration)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with configuration.in_force():
        left_out = evaluate.during_training(method, dataset, ["fid_dsprites"], 0, (None, -np.inf))
        assert left_out == ([], (None, -np.inf)), "with a warning, where there is none"
        network = tmp_path / "factor_classifier_tiny_sprites.npz"
        shipped.pack(FactorHeads((64, 64, 1), (3, 4, 4), "torch"), "tiny_sprites", network)
        (record,), (_, score) = evaluate.during_training(method, dataset, ["fid_dsprites"], 0, (None, -np.inf))
    assert score == -record["fid_dsprites96"] == -record["best_fid_dsprites96"] < 0.0


def test_a_metric_that_ends_in_an_error_loses_no_line_of_those_before(capsys):
    from idgan_tf.commands.evaluate import _show
    from idgan_tf.errors import NonFiniteError

    def results():
        yield "mig", Result({"mig": 0.25}, {"seed": 0})
        yield "rid", "no generator"
        raise NonFiniteError("codes are NaN")

    with pytest.raises(NonFiniteError):
        _show(results(), True)
    mig, rid = capsys.readouterr().out.splitlines()
    assert mig.split()[:2] == ["mig", "0.25"] and rid == "left out rid: no generator"


def test_a_metric_the_method_cannot_have_does_not_keep_the_others_from_being_measured(tmp_path):
    run = tiny_run("gin/betavae_dsprites.gin", tmp_path / "run")
    results = evaluated(run, ["rid", "mig"])
    assert "BetaVAE has no generator" in results["rid"]
    assert len(lines_of(run.path)) == 2 and lines_of(run.path)[1]["mig"] == results["mig"].values["mig"]


def test_one_that_was_named_and_left_out_ends_the_command_with_an_error_after_the_others(codes):
    process = command("evaluate", f"--codes={codes}", "--metrics=udr,mig", check=2)
    assert process.stdout.startswith("mig ") and len(process.stdout.splitlines()) == 2
    last = process.stderr.strip().splitlines()[-1]
    assert last == "evaluate: left out udr: it compares runs, two or more"
    other = command("evaluate", f"--codes={codes}", "--metrics=mig,rid", check=2)
    assert (
        other.stderr.startswith("evaluate: no metric of codes 'rid'; there are explicitness, fvm, ")
        and not other.stdout
    )


def test_the_presets_change_the_protocol(tmp_path):
    run = tiny_run("gin/betavae_dsprites.gin", tmp_path / "run")
    preset = configuration_of(run.path, ["gin/eval/disentanglement_lib.gin"]).bindings_of("fvm")
    assert preset["batch_size"] == 64 and preset["threshold"] == 0.0025 and preset["num_evaluation_votes"] == 5000
    whole = evaluated(run, ["fvm"], gin_files=["gin/eval/whole_dataset.gin"], bindings=["fvm.num_votes = 20"])
    assert whole["fvm"].protocol["num_variance_samples"] == 48


def test_a_run_without_a_checkpoint_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="no run directory"):
        evaluated(Run(tmp_path), ["fvm"])
    (tmp_path / "config.gin").touch()
    with pytest.raises(CheckpointError, match="no checkpoint"):
        evaluated(Run(tmp_path), ["fvm"])


def test_names_of_metrics():
    assert names("mig, fvm,mig") == (["mig", "fvm"], True)
    assert names("all") == (list(metrics()), False)
    with pytest.raises(ConfigError, match="no metric 'migg'; there are explicitness, factor_fidelity, fvm, infomec"):
        names("migg")
    with pytest.raises(ConfigError, match="which metrics"):
        names(",")


@pytest.fixture
def codes(tmp_path):
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(0, size, 1200) for size in (2, 3, 4)], axis=1)
    np.savez(tmp_path / "codes.npz", codes=factors + 0.01 * rng.normal(size=factors.shape), factors=factors)
    return tmp_path / "codes.npz"


def test_codes_of_others_are_scored(codes):
    process = command("evaluate", f"--codes={codes}", "--metrics=fvm,mig", "--gin_param=mig.bins = 30", check=0)
    scores = {line.split()[0]: float(line.split()[1]) for line in process.stdout.splitlines()}
    assert scores["fvm"] == 1.0 and scores["mig"] > 0.95
    assert "num_samples 1200" in process.stdout and "bins 30" in process.stdout


def test_what_a_table_is_too_small_for_does_not_keep_the_others_from_being_measured(tmp_path):
    factors = np.random.default_rng(0).integers(0, 3, (60, 2))
    np.savez(tmp_path / "few.npz", codes=factors[:, :1] / 1.0, factors=factors)
    results = dict(outside.evaluate_codes([tmp_path / "few.npz"], 0, ["fvm", "mig", "sap", "dci", "modularity"]))
    assert isinstance(results.pop("modularity"), Result) and "60 rows say nothing" in results["fvm"]
    assert all("2 code dimensions" in results[n] for n in ("mig", "sap", "dci"))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--metrics=fvm"], 2, "pass one of --run_dir, --codes, --features and --images"),
        (["--codes={folder}/nan.npz", "--metrics=mig"], 4, "non-finite"),
        (["--images={folder}", "--reference={folder}"], 3, "holds no images"),
        (["--codes={folder}/other.npz", "--metrics=mig"], 3, "codes [N, D] and factors [N, K], and holds z"),
        (["--codes={folder}/gone.npz", "--metrics=mig"], 3, "cannot read"),
        (["--codes={folder}/short.npz", "--metrics=mig"], 2, "the same N images, got [9, 2] and [8, 2]"),
        (["--codes={folder}/still.npz"], 2, "factor 1 has a single value in all 9"),
        (["--codes={codes}", "--best"], 2, "--best is for --run_dir"),
        (
            ["--features={folder}/few.npz,{folder}/few.npz", "--metrics=mind", "--gin_param=mind.num_samples = 9"],
            2,
            "without a run there is no mind.num_samples, only num_directions",
        ),
        (["--codes={codes}", "--metrics=mig", "--gin_param=mig.num_samples = 9"], 2, "no mig.num_samples, only bins"),
    ],
)
def test_bad_input_ends_with_one_line_and_its_exit_code(arguments, code, says, codes, tmp_path):
    np.savez(tmp_path / "other.npz", z=np.zeros(3))
    np.savez(tmp_path / "nan.npz", codes=np.full((9, 2), np.nan), factors=np.arange(18).reshape(9, 2))
    np.savez(tmp_path / "short.npz", codes=np.eye(9)[:, :2], factors=np.arange(16).reshape(8, 2))
    np.savez(tmp_path / "few.npz", features=np.eye(3))
    np.savez(tmp_path / "still.npz", codes=np.eye(9)[:, :2], factors=np.arange(9)[:, None] * [1, 0])
    arguments = [argument.format(codes=codes, folder=tmp_path) for argument in arguments]
    process = forked.run("evaluate", arguments)
    assert process.returncode == code
    last = process.stderr.strip().splitlines()[-1]
    assert last.startswith("evaluate: ") and says in last and "configurable" not in last


def test_the_list_shows_every_metric():
    process = forked.run("evaluate", ["--list"])
    assert [line.split()[0] for line in process.stdout.splitlines()] == list(metrics())
