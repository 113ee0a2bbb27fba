"""Running studies: what is done is used, what is missing is said. Most trainings here are made up."""

import csv
import html.parser
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import keras
import numpy as np
import pytest

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.feature_networks import shipped
from idgan_tf.evaluation.metric import Result
from idgan_tf.experiments import scores, stages
from idgan_tf.files import alone, sha256
from idgan_tf.image_files import save
from idgan_tf.reports import of_study
from idgan_tf.run_directory import Run
from idgan_tf.run_log import append_metrics
from idgan_tf.studies import jobs, measured, results, running, study, table
from tests.helpers import PROJECT, command

SCORES = {  # row -> FVM and MIG, FID
    "betavae_dsprites": (0.7, 37.0),
    "vaegan_dsprites": (0.5, 30.0),
    "idgan_end2end_dsprites": (0.5, 3.0),
    "idgan_dsprites": (0.7, 2.0),
}


class Made:
    """Made-up trainings and evaluations that leave what real ones leave, and count themselves."""

    def __init__(self):
        self.trained, self.evaluated, self.fail, self.network = [], [], {}, {}

    def train(self, job):
        run = job.run
        if run.done.exists():
            return
        if run.name in self.fail:
            raise self.fail[run.name]
        self.trained.append([run.path.parent.name, run.name])
        run.create()
        configuration = jobs.configuration(job)
        run.config.write_text(configuration.text)
        save(run.samples / "samples-00000004", np.zeros([4, 4, 3], np.uint8), {})
        run.done.write_text(json.dumps({"step": configuration.bindings_of("train")["num_steps"]}))

    def evaluate_run(self, run_dir, configuration, chosen, train, seed):
        assert not train and any(".network = " in binding for binding in configuration.bindings)
        yield from self.measure(run_dir, chosen, seed)

    def measure(self, run_dir, chosen, seed):
        run = Run(run_dir)
        step = json.loads(run.done.read_text())["step"]
        for name in chosen:
            of_code, fid = SCORES[run.name]
            values = {"fid_dsprites10k": fid} if name == "fid_dsprites" else {name: of_code}
            protocol = {"seed": seed, "num_samples": 10000, "generated": f"from {run.name}", **self.network}
            result = Result({key: value + 0.01 * seed for key, value in values.items()}, protocol)
            self.evaluated.append((run.name, seed, name))
            append_metrics(run.metrics, {"step": step, **result.record()})
            yield name, result


@pytest.fixture
def made(monkeypatch, tmp_path):
    made = Made()
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "weights")  # as if no network came with the package
    monkeypatch.setattr(running, "_train", made.train)
    monkeypatch.setattr(scores, "evaluate_run", made.evaluate_run)
    return made


@pytest.fixture
def table2():
    return study.load("idgan_table2", "cpu")


def run_all(found, runs):
    for job in jobs.plan(found, runs):
        running.run(job)
    return results.write(found, runs)


def answers(result):
    return {claim["text"]: claim["answer"] for claim in result["claims"]}


def test_a_study_trains_every_row_once_and_its_feature_network_once_for_all(made, table2, tmp_path):
    result, folder = run_all(table2, tmp_path)
    rows = [*SCORES]
    assert sorted(made.trained) == sorted(
        [["features-cpu", "factor_classifier_dsprites"], *([f"seed{seed}", row] for seed in (0, 1) for row in rows)]
    )
    assert len(made.evaluated) == len(set(made.evaluated)) == 2 * 4 * 3
    assert set(answers(result).values()) == {"holds"}


def test_a_network_that_comes_with_the_package_is_asked_and_values_by_another_are_measured_again(
    made, table2, tmp_path
):
    run_all(table2, tmp_path)
    network = shipped.path_of("factor_classifier_dsprites")
    network.parent.mkdir()
    np.savez(network, looks="dsprites")
    partial = results.collect(table2, jobs.plan(table2, tmp_path))
    assert all(set(row["cells"]) == {"fvm", "mig"} for row in partial["rows"]), "by the network of before"
    planned = jobs.plan(table2, tmp_path)
    assert all(f"fid_dsprites.network = '{network}'" in job.evaluation for job in planned)
    assert not any(need.row.budget == "features" for job in planned for need in job.needs)
    made.evaluated.clear()
    made.network = {"feature_sha256": sha256(network)}
    result, _ = run_all(table2, tmp_path)
    assert {name for *_, name in made.evaluated} == {"fid_dsprites"} and len(made.evaluated) == 2 * 4
    assert all(len(row["cells"]["fid_dsprites"]) == 2 for row in result["rows"])
    np.savez(network, looks="as something else")
    assert jobs.plan(table2, tmp_path)[0].needs[0].row.budget == "features"


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
    assert len(made.trained) == 9 and len(made.evaluated) == len(set(made.evaluated)) == 24
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


def test_the_table_has_ours_beside_the_published_and_the_budget(made, table2, tmp_path):
    result, folder = run_all(table2, tmp_path)
    assert json.loads((folder / "results.json").read_text())["study"] == "idgan_table2"
    markdown = (folder / "table.md").read_text()
    line = next(line for line in markdown.splitlines() if line.startswith("| ID-GAN (two-step)"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:3] == ["0.705 ± 0.0071", "0.65 ± 0.08"] and cells[5:7] == ["2.005 ± 0.0071", "2 ± 1.74"]
    batch = next(param for param in table2.scale.params["idgan"] if param.startswith("train.batch_size = "))
    assert cells[7:] == ["2", "24,000 + 24,000", batch.split(" = ")[1], "float32"]
    assert "- fid_dsprites: num_samples 10000" in markdown and "seed 0" not in markdown, "what all have in common"
    assert "- fid_dsprites of VAE-GAN: generated from vaegan_dsprites" in markdown, "what they have not"
    assert f"- ID-GAN (two-step): gin/idgan_dsprites.gin; {'; '.join(table2.scale.params['idgan'])}\n" in markdown
    assert "| Table 2 | holds | holds |" in markdown, "the paper's answer beside ours"
    assert "fid_dsprites10k" in markdown and "| holds |" in markdown
    assert all(f"(pictures/{row}-samples.png)" in markdown for row in SCORES)
    lines = list(csv.DictReader((folder / "table.csv").read_text().splitlines()))
    assert len(lines) == 12 and lines[-1]["metric"] == "fid_dsprites10k" and lines[-1]["published_std"] == "1.74"
    text = table.to_terminal(result)
    assert "HOLDS: Two-step ID-GAN has the lowest FID" in text
    assert len({len(line) for line in text.splitlines() if "float32" in line}) == 1, "columns do not line up"
    assert {path.name for path in (folder / "pictures").iterdir()} == {
        "fvm_fid.png",
        *(f"{row}-samples.png" for row in SCORES),
    }
    assert "![fvm_fid.png](pictures/fvm_fid.png)" in markdown, "the figure of all runs"


def test_what_was_measured_in_another_way_is_no_number_of_the_study(made, table2, tmp_path):
    result, folder = run_all(table2, tmp_path)
    run = Run(folder.parent / "seed0" / "idgan_dsprites")
    for protocol in ({"seed": 7, "num_samples": 10000}, {"seed": 0, "num_samples": 500}):
        append_metrics(run.metrics, {"step": 24000, "fid_dsprites10k": 99.0, "protocol": protocol})
    append_metrics(run.metrics, {"step": 24000, "fvm": 99.0, "protocol": {"seed": 0, "num_votes": 50}})
    again = results.collect(table2, jobs.plan(table2, tmp_path))
    assert [row["cells"] for row in again["rows"]] == [row["cells"] for row in result["rows"]]


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


def test_what_another_classifier_has_scored_is_measured_again(made, table2, tmp_path):
    run_all(table2, tmp_path)
    network = Run(tmp_path / "features-cpu" / "factor_classifier_dsprites").networks / "classifier.keras"
    network.parent.mkdir()
    network.write_text("trained once more")
    made.network = {"feature_sha256": sha256(network)}
    made.evaluated.clear()
    run_all(table2, tmp_path)
    assert len(made.evaluated) == 8 and {name for *_, name in made.evaluated} == {"fid_dsprites"}


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


def test_finished_jobs_need_their_data_no_more(made, table2, tmp_path, monkeypatch):
    run_all(table2, tmp_path)

    def absent(job):
        raise running._NoData("dSprites are not here")

    monkeypatch.setattr(running, "_train", absent)
    result, _ = run_all(table2, tmp_path)
    assert table.problems(result) == [] and set(answers(result).values()) == {"holds"}


def test_a_job_leaves_the_precision_of_its_caller_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "finished", lambda configuration, run_dir: None)
    job = jobs.plan(study.load("label_toy", "smoke"), tmp_path)[0]
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        running._train(job)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")


def test_a_score_that_is_not_finite_is_shown_and_decides_nothing(made, table2, tmp_path):
    _, folder = run_all(table2, tmp_path)
    with open(folder.parent / "seed0" / "vaegan_dsprites" / "metrics.jsonl", "a") as file:
        file.write('{"step": 24000, "fid_dsprites10k": NaN, "protocol": {"seed": 0}}\n')
    result, _ = results.write(table2, tmp_path)
    line = next(line for line in (folder / "table.md").read_text().splitlines() if line.startswith("| VAE-GAN"))
    assert line.split(" | ")[5] == "nan" and answers(result)["Two-step ID-GAN has the lowest FID"] == "not decidable"


def test_a_value_that_a_finished_run_did_not_write_is_missed_aloud(made, tmp_path, monkeypatch):
    for row in (row.id for row in study.load("ibgan_table1", "cpu").chosen):
        monkeypatch.setitem(SCORES, row, (0.6, 0.0))
    monkeypatch.setattr(scores, "evaluate_run", lambda path, _, chosen, train, seed: made.measure(path, chosen, seed))
    result, _ = run_all(study.load("ibgan_table1", "cpu"), tmp_path)
    assert "no best_fvm: the run did not write it down" in table.problems(result)[0]


def test_the_page_of_a_study_shows_all_and_loads_nothing(made, table2, tmp_path):
    made.fail["vaegan_dsprites"] = NonFiniteError("<script>alert(1)</script>")
    result, folder = run_all(table2, tmp_path)
    page = of_study.of_study(result, folder / "pictures")
    sources, tags = [], []
    parser = html.parser.HTMLParser()
    parser.handle_starttag = lambda tag, attrs: (
        tags.append(tag),
        sources.extend(v for k, v in attrs if k in ("src", "href")),
    )
    parser.feed(page)
    assert tags.count("img") == 4, "three rows that ran, and the figure"
    assert all(source.startswith("data:image/") for source in sources)
    assert "script" not in tags and "&lt;script&gt;" in page
    assert "0.65 ± 0.08" in page and "does not hold" not in page and "not decidable" in page


def test_two_processes_wait_for_each_other(tmp_path):
    order, path = [], tmp_path / "folder" / "run"

    def second():
        with alone(path):
            order.append("second")

    with alone(path):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join(timeout=10)
    assert order == ["first", "second"]
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot write to"), alone(tmp_path / "file" / "run"):
        pass


def reproduce(name, runs, *flags, **options):
    return command("reproduce", f"--study={name}", "--scale=smoke", f"--runs={runs}", *flags, timeout=1800, **options)


def test_smoke_of_the_smallest_study(tmp_path):
    process = reproduce("label_toy", tmp_path, "--only=2/4", check=0)
    assert "job 1 of 1" in process.stderr and "cGAN" in process.stdout and "NOT DECIDABLE" in process.stdout
    result = json.loads((tmp_path / "label_toy-smoke" / "results" / "results.json").read_text())
    assert [row["seeds"] for row in result["rows"]] == [0, 1, 0, 0]
    assert set(result["rows"][1]["cells"]) == {"toy_spread", "toy_distance"}


@pytest.fixture
def tiny_data(tmp_path, monkeypatch):
    """Noise in place of the data sets that need a download, prepared in a cache of its own."""
    sizes = {"celeba64": (64, 3, 0), "celeba128": (128, 3, 0), "chairs_grey": (64, 1, 0), "cifar10_images": (32, 3, 10)}
    from idgan_tf.commands.prepare_data import dataset_of

    monkeypatch.setenv("IDGAN_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for name, (side, channels, classes) in sizes.items():
        dataset = dataset_of(name)
        dataset.folder.mkdir(parents=True)
        arrays = {"images": rng.integers(0, 256, (40, side, side, channels), np.uint8)}
        if classes:
            arrays["labels"] = np.arange(40, dtype=np.int32) % classes
        for key, array in arrays.items():
            np.save(dataset.folder / f"{key}.npy", array)
        files = {f"{key}.npy": (dataset.folder / f"{key}.npy").stat().st_size for key in arrays}
        manifest = {"format": 1, "rule": dataset.rule, "files": files, "count": 40}
        manifest["class_names"] = [str(label) for label in range(classes)]
        (dataset.folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", study.names())
def test_smoke_of_every_study(name, tmp_path, request):
    if name in ("idgan_table3", "idgan_table4", "ibgan_table2", "label_table1", "label_table2"):
        request.getfixturevalue("tiny_data")
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = reproduce(name, tmp_path / "runs", check=0)
    folder = tmp_path / "runs" / f"{name}-smoke" / "results"
    result = json.loads((folder / "results.json").read_text())
    assert all(row["seeds"] == 1 for row in result["rows"]), process.stdout
    assert not any("failed" in row["problem"] or "data" in row["problem"] for row in result["rows"]), process.stdout
    assert set(answers(result).values()) == {"not decidable"}
    for job, row in zip(jobs.plan(study.load(name, "smoke"), tmp_path / "runs"), result["rows"], strict=True):
        assert {*job.row.metrics} <= {*row["cells"], *row["left_out"]}, row
        assert row["left_out"].keys() <= {"fid", "inception_score", "best_fvm"}, "without Inception, or evaluations"
    if name == "idgan_table2":
        vae, idgan = (
            next(row for row in result["rows"] if row["id"] == i) for i in ("betavae_dsprites", "idgan_dsprites")
        )
        assert [vae["cells"][m] for m in ("fvm", "mig")] == [idgan["cells"][m] for m in ("fvm", "mig")]
    command("report", f"--study={name}", "--scale=smoke", f"--runs={tmp_path / 'runs'}", check=0)
    assert (folder / "report.html").stat().st_size > 2000
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert ended.ru_utime - began.ru_utime < 2 * 180, "more than three minutes on two idle cores"


@pytest.mark.fault
@pytest.mark.timeout(1800)
def test_a_study_killed_at_any_moment_ends_like_one_that_was_not(tmp_path):
    reproduce("label_toy", tmp_path / "whole", check=0)
    flags = ["--study=label_toy", "--scale=smoke", f"--runs={tmp_path / 'killed'}"]
    for row in ("cvae_toy", "cvaegan_toy"):
        process = subprocess.Popen(
            [sys.executable, str(PROJECT / "bin" / "reproduce"), *flags],
            cwd=PROJECT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        while not (tmp_path / "killed" / "label_toy-smoke" / "seed0" / row / "config.gin").exists():
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "killed").rglob("done.json")}
    assert len(done) >= 2
    reproduce("label_toy", tmp_path / "killed", check=0)
    for path, written in done.items():
        assert path.stat().st_mtime_ns == written, "a finished job ran again"
    whole, killed = (
        json.loads((tmp_path / name / "label_toy-smoke" / "results" / "results.json").read_text())
        for name in ("whole", "killed")
    )
    assert whole == killed
