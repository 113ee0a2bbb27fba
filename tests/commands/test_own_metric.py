"""A metric of one's own: one file outside the package, and every place knows it."""

import html
import json

import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation import metric
from idgan_tf.experiments.evaluate import during_training
from idgan_tf.experiments.scores import configuration_of
from idgan_tf.reports import of_run
from idgan_tf.run_log import append_metrics, score_of
from idgan_tf.runs import restore
from idgan_tf.studies import jobs, measured, results, study, table
from tests.commands.test_evaluate import tiny_run
from tests.helpers import command, example
from tests.helpers import metrics as lines_of

MODULE = example("restless.py")
STUDY = """
title = "Unrest"
paper = "nobody"
metrics = ["unrest"]
[scale.cpu]
seeds = 1
gin = ["{folder}/unrest.gin"]
evaluation = ["unrest.num_samples = 32"]
[[row]]
name = "restless"
dataset = "dsprites"
gin = ["gin/betavae_dsprites.gin"]
budget = "vae"
[[row]]
name = "at rest"
dataset = "dsprites"
gin = ["gin/vae_dsprites.gin"]
budget = "vae"
[[claim]]
text = "Rest is better"
where = "here"
check = "better"
metrics = ["unrest"]
rows = ["vae_dsprites"]
than = ["betavae_dsprites"]
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder of Python's path with the module and the gin file; what this process learns of them, it forgets."""
    (tmp_path / "restless.py").write_text(MODULE)
    (tmp_path / "unrest.gin").write_text("import restless\n\nunrest.num_samples = 40\n")
    metric.metrics()
    monkeypatch.setattr(metric, "_known", dict(metric._known))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def made_up(job, values):
    """Leaves what a training and evaluations of [(count, value)] leave."""
    step = measured.asked_steps(job)
    job.run.create()
    job.run.config.write_text(jobs.configuration(job).text)
    job.run.done.write_text(json.dumps({"step": step}))
    for count, value in values:
        protocol = {"metric": "unrest", "seed": 0, "num_samples": count}
        append_metrics(job.run.metrics, {"step": step, "unrest": value, "protocol": protocol})


def test_a_metric_of_ones_own_is_one_file(own):
    flags = [f"--gin_file={own / 'unrest.gin'}", "--gin_allow_import=restless"]
    env = {"PYTHONPATH": str(own)}
    run = tiny_run("gin/betavae_dsprites.gin", own / "run")
    run.config.write_text(f"import tests.helpers\n{run.config.read_text()}")  # the dataset
    listed = command("evaluate", "--list", *flags, env=env, check=0).stdout.splitlines()
    assert "unrest                Mean absolute code of random images; lower is better" in listed and len(listed) > 10
    printed = command(
        "evaluate", f"--run_dir={run.path}", "--metrics=unrest,mig", *flags, "--gin_allow_import=tests",
        "--gin_param=mig.num_samples = 100", env=env, check=0,
    )  # fmt: skip
    assert [line.split()[0] for line in printed.stdout.splitlines()] == ["unrest", "mig"]
    line = lines_of(run.path)[1]
    assert score_of(line) == ("unrest", "unrest") and line["protocol"]["num_samples"] == 40
    assert line["unrest"] > 0.0
    page = html.unescape(of_run.of_run(run))
    assert f"<td>unrest</td><td>{line['unrest']:.4g}</td><td></td>" in page and "metric unrest" in page
    refused = command("evaluate", "--list", flags[0], env=env, check=2)
    assert "pass --gin_allow_import=restless to trust it" in refused.stderr


def test_trainings_choose_their_best_by_it_and_studies_have_it_as_a_column(own, monkeypatch):
    run = tiny_run("gin/betavae_dsprites.gin", own / "run")
    with pytest.raises(ConfigError, match="no metric 'unrest'"):
        metric.find("unrest")
    configuration = configuration_of(run.path, [own / "unrest.gin"], (), ["tests", "restless"])
    model, dataset = restore(run.path, configuration)
    with configuration.in_force():
        (record,), best = during_training(model, dataset, ["unrest"], 0, ("unrest", -1e-9))
    assert record["unrest"] > record["best_unrest"] == 1e-9 and best == ("unrest", -1e-9), "the least is the best"
    (own / "tables").mkdir()
    (own / "tables" / "mine.toml").write_text(STUDY.format(folder=own))
    monkeypatch.setattr(study, "FOLDER", own / "tables")
    mine = study.load("mine", "cpu")
    for job, value in zip(jobs.plan(mine, own / "runs", (), ["restless"]), (2.0, 1.0), strict=True):
        made_up(job, [(32, value), (64, 99.0)])  # another count than is asked
    result, _ = results.write(mine, own / "runs", (), ["restless"])
    assert [line[:2] for line in table.grid(result)] == [["", "unrest"], ["restless", "2"], ["at rest", "1"]]
    assert result["protocol"]["unrest"] == {"seed": 0, "num_samples": 32}
    assert result["claims"][0]["answer"] == "holds"
    assert result["command"] == "bin/reproduce --study=mine --scale=cpu --gin_allow_import=restless"


def test_the_command_trains_and_measures_a_study_of_it_and_prints_lines_that_do(own):
    asked = [f"--study={own / 'mine.toml'}", f"--runs={own / 'runs'}"]
    allow = ["--gin_allow_import=restless", "--gin_allow_import=tests"]
    row = 'gin = ["tests/tiny/betavae.gin"]\nid = "betavae_dsprites"'
    text = STUDY.format(folder=own).replace('gin = ["gin/betavae_dsprites.gin"]', row)
    (own / "mine.toml").write_text(text[: text.index('[[row]]\nname = "at rest')])
    env = {"PYTHONPATH": str(own)}
    done = command("reproduce", *asked, *allow, "--gin_param=train.num_steps = 4", env=env, check=0)
    (line,) = [line for line in lines_of(own / "runs/mine-cpu/seed0/betavae_dsprites") if "unrest" in line]
    assert line["protocol"]["num_samples"] == 32 and f"{line['unrest']:.2g}" in done.stdout
    listed = command("reproduce", *asked, *allow, "--commands", env=env, check=0).stdout
    assert all(part.count("--gin_allow_import=restless --gin_allow_import=tests") == 1 for part in listed.split("&&"))
    refused = command("reproduce", *asked, allow[1], env=env, check=2).stderr
    assert "pass --gin_allow_import=restless to trust it" in refused
