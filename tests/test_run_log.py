"""Which metric a line of metrics.jsonl is of."""

import pytest
import tensorflow as tf

from idgan_tf.run_directory import Run
from idgan_tf.run_log import cost, read_metrics, score_of, values_of


def test_a_line_says_which_metric_it_is_of_and_its_first_value_is_the_score():
    protocol = {"metric": "dci", "num_samples": 900}
    record = {"step": 3, "best_disentangled7": 0.9, "disentangled7": 0.5, "complete": 0.25, "protocol": protocol}
    assert score_of(record) == ("dci", "disentangled7")
    assert values_of(record) == {"best_disentangled7": 0.9, "disentangled7": 0.5, "complete": 0.25}


def test_a_line_of_modularity_from_when_it_measured_explicitness_too_is_read():
    record = {"step": 3, "modularity": 0.9, "explicitness": 0.8, "protocol": {"metric": "modularity", "num_train": 9}}
    assert score_of(record) == ("modularity", "modularity") and values_of(record)["explicitness"] == 0.8


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("fvm", "fvm"),
        ("fid50k", "fid"),
        ("fid_dsprites1234", "fid_dsprites"),
        ("fid_dsprites_even10k", "fid_dsprites_even"),  # no metric
        ("label_inception_score5k", "label_inception_score"),
        ("intra_class_diversity", "diversity"),
        ("toy_coverage", "toy_spread"),
        ("mi_bounds_lower", "mi_bounds"),
        ("linear_probe_zs", "linear_probe"),
    ],
)
def test_older_lines_are_known_by_the_name_of_their_score(name, metric):
    record = {"step": 3, f"best_{name}": 2.0, name: 1.0, "another": 0.0, "protocol": {"seed": 0}}
    assert score_of(record) == (metric, name)


def test_a_line_of_a_training_is_of_no_metric():
    assert score_of({"step": 3, "fvm": 1.0}) == score_of({"step": 3, "protocol": {}}) == (None, None)


def test_lines_that_a_disk_spoilt_are_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1}\n\xff\xfe\n' + bytes(64) + b'\n[1]\n"x"\n3\n{"step": 2, "loss": 1.0}\n{"step"')
    assert read_metrics(path) == [{"step": 1}, {"step": 2, "loss": 1.0}]


def test_what_a_training_took_has_nothing_of_the_evaluations_after_it(tmp_path, monkeypatch):
    run = Run(tmp_path)
    run.environment.write_text('{"machine": "Linux x86_64, 2 CPU cores"}')

    run.tensorboard.mkdir()

    def wrote(name, tag, seconds):
        with tf.io.TFRecordWriter(str(run.tensorboard / f"events.out.tfevents.{name}")) as file:
            for time, tagged in ((1000.0, tag), (1000.0 + seconds, "evaluation/fvm")):
                event = tf.compat.v1.Event(wall_time=time, summary={"value": [{"tag": tagged, "simple_value": 0.0}]})
                file.write(event.SerializeToString())

    wrote("before", "evaluation/mig", 100)
    assert cost(run) is None
    wrote("training", "vae/loss", 1800)
    wrote("after", "evaluation/mig", 3600)
    assert cost(run) == (1800.0, 2, "core") and cost(run).hours == 1.0
    run.environment.write_text('{"machine": "one, 2 CPU cores", "earlier": [{"machine": "other, 16 CPU cores"}]}')
    assert cost(run) is None, "nobody knows which had it for how long"
