"""Which numbers of a run are numbers of a study: those of its configuration, its steps, its seed and its protocol."""

import json

from idgan_tf.experiments import scores
from idgan_tf.run_directory import Run
from idgan_tf.run_log import append_metrics
from idgan_tf.studies import jobs, measured, results, running, study, table
from tests.studies.made import SCORES, answers, run_all


def test_what_was_measured_in_another_way_is_no_number_of_the_study(made, table2, tmp_path):
    result, folder = run_all(table2, tmp_path)
    run = Run(folder.parent / "seed0" / "idgan_dsprites")
    for protocol in ({"seed": 7, "num_samples": 10000}, {"seed": 0, "num_samples": 500}):
        append_metrics(run.metrics, {"step": 24000, "fid_dsprites10k": 99.0, "protocol": protocol})
    for other in (
        {"num_votes": 50},
        {"threshold": 0.5},
        {"dataset": "dsprites_left_out"},
        {"dataset": "dsprites", "source": "published"},
    ):
        append_metrics(run.metrics, {"step": 24000, "fvm": 99.0, "protocol": {"seed": 0, **other}})
    append_metrics(run.metrics, {"step": 24000, "udr": 99.0, "protocol": {"seed": 0, "others": 2}})
    again = results.collect(table2, jobs.plan(table2, tmp_path))
    assert [row["cells"] for row in again["rows"]] == [row["cells"] for row in result["rows"]]


def test_a_fid_of_other_codes_is_no_number_of_a_column(made, table2, tmp_path):
    result, folder = run_all(table2, tmp_path)
    run = Run(folder.parent / "seed0" / "betavae_dsprites")
    network = jobs.plan(table2, tmp_path)[0].networks["fid_dsprites"]
    assert not network.exists(), "so that no checksum is compared"
    protocol = {"metric": "fid_dsprites", "seed": 0, "num_samples": 10000, "generated": "decoder mean"}
    for value, codes in ((99.0, "training"), (98.0, "prior")):
        record = {f"fid_dsprites10k_{codes}": value, "protocol": {**protocol, "generation.codes": codes}}
        append_metrics(run.metrics, {"step": 24000, **record})
    cells = results.collect(table2, jobs.plan(table2, tmp_path))["rows"][0]["cells"]
    assert [cells[f"fid_dsprites{codes}"][0] for codes in ("", ":training", ":prior")] == [37.0, 99.0, 98.0]
    assert cells["fid_dsprites"] == result["rows"][0]["cells"]["fid_dsprites"]


def test_another_value_of_a_metric_is_a_column_of_given_codes_and_measured_as_its_metric_is(made, tmp_path):
    name = "fid_dsprites_even10k_training"
    job = next(job for job in jobs.plan(study.load("start", "cpu"), tmp_path) if job.row.teacher)
    made.train(job)
    step = json.loads(job.run.done.read_text())["step"]
    protocol = {"metric": "fid_dsprites", "generated": "G", "generation.codes": "training", "num_samples": 10000}
    assert not job.networks["fid_dsprites"].exists(), "so that no checksum is asked"
    for value, other in ((49.0, {}), (1.0, {"num_samples": 500}), (2.0, {"feature_sha256": "0"}), (3.0, {"seed": 7})):
        record = {"fid_dsprites10k_training": 100 * value, name: value, "protocol": {"seed": 0} | protocol | other}
        append_metrics(job.run.metrics, {"step": step, **record})
    found = {column: (value, name) for column, (value, name, _) in measured.values(job).items()}
    assert found["fid_dsprites_even:training"] == (49.0, name)
    assert (
        found["fid_dsprites:training"] == (4900.0, "fid_dsprites10k_training")
        and "fid_dsprites_even:prior" not in found
    )


def test_a_teacher_and_its_gan_are_compared_of_the_same_codes():
    for name in ("teachers", "rooms", "start", "idgan_table2"):
        found = study.load(name, "paper")
        teacher_of = {row.id: row.teacher for row in found.rows}
        compared = {
            (metric, gan)
            for claim in found.claims
            for metric in claim.metrics
            for gan in claim.rows
            if metric.startswith("fid_dsprites_even:") and teacher_of[gan] in claim.than
        }
        gans = {row for row, teacher in teacher_of.items() if teacher}
        assert compared == {(f"fid_dsprites_even:{codes}", gan) for codes in ("training", "prior") for gan in gans}, (
            name
        )


def test_values_beside_a_metric_are_of_the_seed_of_the_job(made, tmp_path):
    toy = study.load("label_toy", "cpu")
    job = jobs.plan(toy, tmp_path)[0]
    made.train(job)
    step = json.loads(job.run.done.read_text())["step"]
    for seed, value in ((0, 0.5), (7, 99.0)):
        scores = {"toy_coverage": value, "toy_distance": value}
        append_metrics(job.run.metrics, {"step": step, **scores, "protocol": {"seed": seed}})
    assert {name: value for name, (value, *_) in measured.values(job).items()} == {
        "toy_spread": 0.5,
        "toy_distance": 0.5,
    }


def test_a_run_of_other_steps_than_are_asked_is_no_result(made, table2, tmp_path):
    _, folder = run_all(table2, tmp_path)
    Run(folder.parent / "seed0" / "vaegan_dsprites").done.write_text('{"step": 12000}')
    rows = {row["id"]: row for row in results.collect(table2, jobs.plan(table2, tmp_path))["rows"]}
    assert rows["vaegan_dsprites"]["seeds"] == 1 and set(rows["vaegan_dsprites"]["cells"]["fvm"]) == {1}
    assert rows["idgan_dsprites"]["seeds"] == 2
    again = results.collect(
        table2, jobs.plan(table2, tmp_path, ["train.num_steps = 12000"]), ["train.num_steps = 12000"]
    )
    assert [row["seeds"] for row in again["rows"]] == [0, 1, 0, 0]
    measured = len(made.evaluated)
    running.run(jobs.plan(table2, tmp_path, ["train.num_steps = 12000"])[0])
    rows = results.collect(table2, jobs.plan(table2, tmp_path))["rows"]
    assert (
        rows[0]["problem"].startswith("seed 0: ") and "has more steps than are asked; delete it" in rows[0]["problem"]
    )
    assert len(made.evaluated) == measured
    assert again["command"].endswith("--scale=cpu '--gin_param=train.num_steps = 12000'")


def test_a_run_of_another_configuration_is_no_result_and_hinders_no_other(made, table2, tmp_path):
    run_all(table2, tmp_path)
    extra = ["train.precision = 'mixed_bfloat16'"]
    planned = jobs.plan(table2, tmp_path, extra)
    assert [row["seeds"] for row in results.collect(table2, planned, extra)["rows"]] == [0, 0, 0, 0]
    before = len(made.trained)
    for job in planned:
        running.run(job)
    result = results.collect(table2, planned, extra)
    assert len(made.trained) == before and all(row["cells"] == {} for row in result["rows"])
    assert "is of another configuration: " in result["rows"][0]["problem"]
    assert "+train.precision = 'mixed_bfloat16'" in result["rows"][0]["problem"]
    assert set(answers(result).values()) == {"not decidable"}


def test_a_binding_that_changes_no_number_makes_no_run_another(made, table2, tmp_path):
    result, _ = run_all(table2, tmp_path)
    extra = ["train.rollbacks = 1"]
    again = results.collect(table2, jobs.plan(table2, tmp_path, extra), extra)
    assert [row["cells"] for row in again["rows"]] == [row["cells"] for row in result["rows"]]


def test_a_value_that_a_finished_run_did_not_write_is_missed_aloud(made, tmp_path, monkeypatch):
    for row in (row.id for row in study.load("ibgan_table1", "cpu").chosen):
        monkeypatch.setitem(SCORES, row, (0.6, 0.0))
    monkeypatch.setattr(scores, "evaluate_run", lambda path, _, chosen, train, seed: made.measure(path, chosen, seed))
    result, _ = run_all(study.load("ibgan_table1", "cpu"), tmp_path)
    assert "no best_fvm: neither the training nor an evaluation wrote it down" in table.problems(result)[0]
