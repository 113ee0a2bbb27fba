"""Running studies: what is done is used, what is missing is made or said. The trainings are made up."""

import keras
import numpy as np
import pytest

from idgan_tf.errors import NonFiniteError
from idgan_tf.evaluation.feature_networks import shipped
from idgan_tf.experiments import stages
from idgan_tf.files import sha256
from idgan_tf.run_directory import Run
from idgan_tf.studies import jobs, results, running, study, table
from tests.studies.made import SCORES, answers, run_all


def test_a_study_trains_every_row_once_and_its_feature_network_once_for_all(made, table2, tmp_path):
    result, folder = run_all(table2, tmp_path)
    rows = [*SCORES]
    assert sorted(made.trained) == sorted(
        [["features-cpu", "factor_classifier_dsprites"], *([f"seed{seed}", row] for seed in (0, 1) for row in rows)]
    )
    assert made.trained.index(["features-cpu", "factor_classifier_dsprites"]) == 1, "no training waits for it"
    assert len(made.evaluated) == len(set(made.evaluated)) == 2 * 4 * 6, "udr, FVM, MIG and the FID of three codes"
    assert set(answers(result).values()) == {"holds"}


def test_a_network_that_comes_with_the_package_is_asked_and_values_by_another_are_measured_again(
    made, table2, tmp_path
):
    run_all(table2, tmp_path)
    network = shipped.path_of("factor_classifier_dsprites")
    network.parent.mkdir()
    known = {"image_shape": (64, 64, 1), "sizes": (3, 6, 39, 32, 32)}
    np.savez(network, looks="dsprites", **known)
    partial = results.collect(table2, jobs.plan(table2, tmp_path))
    assert all(set(row["cells"]) == {"udr", "fvm", "mig"} for row in partial["rows"]), "by the network of before"
    planned = jobs.plan(table2, tmp_path)
    assert all(f"fid_dsprites.network = '{network}'" in job.evaluation for job in planned)
    assert not any(job.network_jobs for job in planned)
    made.evaluated.clear()
    made.network = {"feature_sha256": sha256(network)}
    result, _ = run_all(table2, tmp_path)
    assert {name for _, _, name, _ in made.evaluated} == {"fid_dsprites"} and len(made.evaluated) == 2 * 4 * 3
    assert all(len(row["cells"]["fid_dsprites"]) == 2 for row in result["rows"])
    np.savez(network, looks="as something else", **known)
    assert jobs.plan(table2, tmp_path)[0].network_jobs[0].row.budget == "features"


def test_a_killed_study_goes_on_with_what_is_missing(made, table2, tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        made.fail["idgan_end2end_dsprites"] = KeyboardInterrupt()
        run_all(table2, tmp_path)
    assert len(made.trained) == 3
    partial = results.collect(table2, jobs.plan(table2, tmp_path))
    assert [row["seeds"] for row in partial["rows"]] == [1, 1, 0, 0]
    assert "it has not run" in partial["claims"][0]["reason"]
    made.fail.clear()
    run_all(table2, tmp_path)
    assert len(made.trained) == 9 and len(made.evaluated) == len(set(made.evaluated)) == 48
    before = len(made.evaluated)
    run_all(table2, tmp_path)
    assert len(made.trained) == 9 and len(made.evaluated) == before, "done jobs are used"


def test_shares_together_give_what_one_process_gives(made, table2, tmp_path):
    alone_result, _ = run_all(table2, tmp_path / "one")
    for number in (3, 1, 2):
        for job in jobs.share(jobs.plan(table2, tmp_path / "three"), f"{number}/3"):
            running.run(job)
    shared, _ = results.write(table2, tmp_path / "three")
    assert shared == alone_result
    assert len(made.trained) == 2 * 9


def test_a_row_that_diverges_leaves_the_others_and_is_told(made, table2, tmp_path):
    made.fail["vaegan_dsprites"] = NonFiniteError("loss became non-finite by step 3")
    result, _ = run_all(table2, tmp_path)
    assert [row["seeds"] for row in result["rows"]] == [2, 0, 2, 2]
    assert table.problems(result) == ["VAE-GAN: failed: loss became non-finite by step 3"]
    found = answers(result)
    assert found["VAE-GAN loses disentanglement"] == "not decidable"
    assert found["End-to-end training loses disentanglement"] == "holds"


def test_data_that_is_not_here_is_told_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv("IDGAN_CACHE", str(tmp_path / "cache"))
    result, _ = run_all(study.load("idgan_table4", "smoke"), tmp_path / "runs")
    assert len(result["rows"]) == 6 and all(row["seeds"] == 0 for row in result["rows"])
    (problem,) = table.problems(result)
    assert "data not on this machine: celeba64 is not in" in problem and "bin/prepare_data" in problem
    assert set(answers(result).values()) == {"not decidable"}


def test_what_another_classifier_has_scored_is_measured_again(made, table2, tmp_path):
    run_all(table2, tmp_path)
    network = Run(tmp_path / "features-cpu" / "factor_classifier_dsprites").networks / "classifier.keras"
    network.parent.mkdir()
    network.write_text("trained once more")
    made.network = {"feature_sha256": sha256(network)}
    made.evaluated.clear()
    run_all(table2, tmp_path)
    assert len(made.evaluated) == 24 and {name for _, _, name, _ in made.evaluated} == {"fid_dsprites"}


def test_a_metric_that_is_not_finite_is_left_out_and_no_other_in_its_place(made, table2, tmp_path, monkeypatch):
    honest = made.measure

    def measure(run_dir, chosen, seed, codes=None):
        for name in chosen:
            if name == "udr":
                raise NonFiniteError("udr is nan")
            yield from honest(run_dir, [name], seed, codes)

    monkeypatch.setattr(made, "measure", measure)
    result, _ = run_all(table2, tmp_path)
    assert table2.chosen[0].metrics[-1] == "udr", "after columns of given codes"
    assert all(row["left_out"] == {"udr": "udr is nan"} for row in result["rows"])
    assert all(len(row["cells"]["fid_dsprites:training"]) == 2 for row in result["rows"])


def test_finished_jobs_need_their_data_no_more(made, table2, tmp_path, monkeypatch):
    run_all(table2, tmp_path)

    def absent(job):
        raise running._NoData("dSprites are not here")

    monkeypatch.setattr(running, "_train", absent)
    result, _ = run_all(table2, tmp_path)
    assert table.problems(result) == [] and set(answers(result).values()) == {"holds"}


def test_a_job_leaves_the_precision_of_its_caller_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "finish", lambda configuration, run_dir: None)
    job = jobs.plan(study.load("label_toy", "smoke"), tmp_path)[0]
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        running._train(job)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
