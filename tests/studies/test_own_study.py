"""A study of one's own: a .toml file anywhere, whose mistakes are told in a line."""

import re

import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.studies import jobs, results, study
from tests.faults import forked
from tests.helpers import example

MINE = example("mine.toml")


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    return path


def test_a_study_of_ones_own_is_planned_and_repeated_by_its_path(mine, tmp_path):
    found = study.load(str(mine), "cpu")
    (job,) = jobs.plan(found, tmp_path)
    assert job.run.path == tmp_path / "mine-cpu" / "seed0" / "betavae_dsprites"
    assert results.collect(found, [job])["command"] == f"bin/reproduce --study={mine} --scale=cpu"


def test_runs_that_are_compared_know_those_of_the_other_seeds(mine, tmp_path):
    mine.write_text(MINE.replace('metrics = ["fvm"]', 'metrics = ["udr", "fvm"]', 1).replace("seeds = 1", "seeds = 3"))
    _, job, _ = jobs.plan(study.load(str(mine), "cpu"), tmp_path)
    others = tuple(str(tmp_path / "mine-cpu" / f"seed{seed}" / "betavae_dsprites") for seed in (0, 2))
    assert job.evaluation == [f"udr.others = {others!r}"] and jobs.compares_runs(job)
    assert jobs.evaluated(job).bindings_of("udr") == {"others": others}


def test_one_that_reads_the_runs_of_another_has_its_budgets_but_for_those_it_gives(mine):
    mine.write_text(MINE.replace("params.all", "params.vae"))
    theirs = study.load(str(mine), "cpu").scale.params
    other = mine.with_name("other.toml")
    lends = MINE.replace('paper = "none"', 'paper = "none"\nruns_of = "mine"').replace("params.all", "params.gan")
    other.write_text(lends)
    assert study.load(str(other), "cpu").scale.params == {**theirs, "gan": theirs["vae"]}
    other.write_text(lends.replace("runs_of", "budgets_of"))
    borrows = study.load(str(other), "cpu")
    assert borrows.scale.params == {**theirs, "gan": theirs["vae"]} and borrows.runs_of == "other"
    text = mine.read_text()
    mine.write_text(text.replace('paper = "none"', 'paper = "none"\nbudgets_of = "other"'))
    with pytest.raises(ConfigError, match="budgets are borrowed in a circle, other, mine, other"):
        study.load(str(other), "cpu")
    mine.write_text(text)
    other.write_text(lends.replace("params.gan = [", 'params.vae = ["train.seed = 5", '))
    assert study.load(str(other), "cpu").scale.params["vae"] == ["train.seed = 5", *theirs["vae"]]
    other.write_text(lends.replace('runs_of = "mine"', 'runs_of = "teachers"').replace('"vae"', '"betavae"'))
    teachers = study.load("teachers", "cpu").scale.params
    assert study.load(str(other), "cpu").scale.params["betavae"] == teachers["betavae"]
    other.write_text(lends.replace('runs_of = "mine"', 'runs_of = "yours"'))
    with pytest.raises(ConfigError, match="no study 'yours'"):
        study.load(str(other), "cpu")
    other.write_text(lends.replace('runs_of = "mine"', 'runs_of = "other"'))
    assert study.load(str(other), "cpu").runs_of == "other", "its own"
    other.write_text(lends)
    mine.write_text(mine.read_text().replace('paper = "none"', 'paper = "none"\nruns_of = "other"'))
    with pytest.raises(ConfigError, match="mine has no runs of its own, it reads those of other; name that"):
        study.load(str(other), "cpu")


def test_the_commands_take_its_path(mine, tmp_path):
    listed = forked.run("reproduce", [f"--study={mine}", f"--runs={tmp_path}", "--commands"])
    assert listed.returncode == 0 and "--gin_file=gin/betavae_dsprites.gin" in listed.stdout, listed.stderr
    head, line = forked.run("reproduce", [f"--study={mine}", f"--runs={tmp_path}", "--list"]).stdout.splitlines()
    assert head.split() == ["row", "seed", "steps", "done", "run", "directory"]
    assert line.split() == ["beta-VAE", "0", "4", "0", f"{tmp_path}/mine-cpu/seed0/betavae_dsprites"]
    assert head.index("seed") + 4 == line.index(" 0 ") + 2, "one below the other"
    report = forked.run("report", [f"--study={mine}", f"--runs={tmp_path}"])
    assert report.returncode == 2 and f"no results in {tmp_path}/mine-cpu/results" in report.stderr.splitlines()[-1]
    for name in ("reproduce", "report"):
        missing = forked.run(name, [f"--study={tmp_path}/none.toml"])
        assert missing.returncode == 2
        assert missing.stderr.splitlines()[-1].endswith("none.toml': there is no such file")


def test_every_row_is_read_before_the_first_trains_or_is_listed(mine, tmp_path):
    mine.write_text(MINE.replace('budget = "vae"', 'budget = "vae"\nparams = ["train.batch_size = 0"]'))
    with pytest.raises(ConfigError, match="train.batch_size must be >= 1"):
        jobs.plan(study.load(str(mine), "cpu"), tmp_path)


@pytest.mark.parametrize(
    "old, new, message",
    [
        ('paper = "none"', 'papr = "none"', "mine.toml has no key 'papr'; there are title, paper, metrics"),
        (
            'budget = "vae"',
            'budgt = "vae"',
            r"mine.toml, \[\[row\]\] 1 has no key 'budgt'; there are name, dataset, gin",
        ),
        ('budget = "vae"', "", r"\[\[row\]\] 1 lacks the key 'budget'"),
        ("params.all", "parms.all", r"\[scale.cpu\] has no key 'parms'; there are seeds, gin, params"),
        ("[scale.cpu]", "[scale.cpuu]", r"\[scale\] has no key 'cpuu'; there are paper, cpu, smoke"),
        ("[scale.cpu]", "[scale.smoke]", r"has no \[scale.cpu\]; it has smoke"),
        (
            'paper = "none"\nmetrics = ["fvm"',
            'paper = "none"\nmetrics = ["fvm:q"',
            "no codes 'q' of fvm:q; there are training, prior",
        ),
        ('where = "here"', 'were = "here"', r"\[\[claim\]\] 1 has no key 'were'; there are text, where, check"),
        ('"at_least"', '"atleast"', "no check is 'atleast'; there are same, better"),
        ('rows = ["beta', 'rows = ["alpha', "no row is 'alphavae_dsprites'; there are betavae_dsprites"),
        ('budget = "vae"', 'budget = "vae"\nteacher = "her"', "no row is 'her', the teacher of betavae_dsprites"),
        ('gin = ["gin/betavae_dsprites.gin"]', 'gin = "gin/betavae_dsprites.gin"', r"\[\[row\]\] 1: gin is no list"),
        ('["gin/betavae_dsprites.gin"]', "[]", "the row 'beta-VAE' has no gin file"),
        ("seeds = 1", 'seeds = "one"', r"\[scale.cpu\]: seeds is no int: 'one'"),
        ("seeds = 1", "seeds = ", "cannot read .*mine.toml"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(old, new, message, mine):
    assert old in MINE
    mine.write_text(MINE.replace(old, new))
    with pytest.raises(ConfigError, match=message) as error:
        study.load(str(mine), "cpu")
    assert re.match(r"[^\n]+$", str(error.value))


def test_a_study_of_ones_own_takes_no_name_of_a_study_there_is(mine):
    taken = mine.rename(mine.with_name("label_toy.toml"))
    with pytest.raises(ConfigError, match="label_toy is a study already"):
        study.load(str(taken), "cpu")
    assert study.load(str(study.FOLDER / "label_toy.toml"), "cpu").runs_of == study.load("label_toy", "cpu").runs_of
