"""What a study is before anything runs: its file, its jobs, its shares, its commands."""

import pathlib
import re
import shlex

import pytest

from idgan_tf.config import Configuration
from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.feature_networks import shipped
from idgan_tf.evaluation.metric import metrics
from idgan_tf.studies import claims, jobs, study
from idgan_tf.studies.columns import metric_of
from idgan_tf.training import build
from idgan_tf.visualize import registry
from tests.helpers import PROJECT

COUNTS = [  # of the metrics of the label studies
    ("inception_score", "num_samples"),
    ("label_inception_score", "images_per_class"),
    ("diversity", "images_per_class"),
]


def every():
    return [(name, scale) for name in study.names() for scale in study.SCALES]


def test_there_are_the_tables_and_figures_of_the_three_papers_and_comparisons_of_our_own():
    ours = ["lowres_code", "rooms", "start", "teachers"]
    assert study.names() == [
        "ibgan_beta", "ibgan_table1", "ibgan_table2", "idgan_fig3", "idgan_lambda", "idgan_table1", "idgan_table2",
        "idgan_table3", "idgan_table4", "label_table1", "label_table2", "label_toy", *ours,
    ]  # fmt: skip


@pytest.mark.parametrize("name, scale", every())
def test_a_study_is_consistent_and_gin_knows_its_bindings(name, scale):
    metrics()
    found = study.load(name, scale)
    ids = {row.id for row in found.rows}
    assert len(ids) == len(found.rows), "two rows would share a run directory"
    assert set(found.figures) <= set(registry.known(registry.OF_LOGS))
    assert set(found.scale.params) <= {"features", "all", *(row.budget for row in found.rows)}
    for row in found.rows:
        assert {*map(metric_of, row.metrics)} <= set(metrics()) and set(row.published) <= set(found.columns), row
    for claim in found.claims:
        assert claim.check in claims.CHECKS and {*claim.rows, *claim.than} <= ids, claim
        assert set(claim.metrics) <= set(found.columns), claim
    planned = jobs.plan(found, "runs")
    assert len(planned) == found.scale.seeds * len(found.chosen)
    first = [job for job in planned if job.seed == 0]
    for job in {one.run.path: one for whole in first for one in [*whole.teachers, *whole.network_jobs, whole]}.values():
        assert_trains_as_planned(found, job)


def assert_trains_as_planned(found, job):
    """A run takes the bindings of a job and of its metrics; its teacher is the row that the study names, beside it."""
    configuration = jobs.configuration(job)
    jobs.evaluated(job)
    teacher = configuration.bindings_of("teacher")
    assert bool(teacher) == bool(job.row.teacher), job.row
    for ends in re.findall(r"^[\w/]+PiecewiseLinear\.steps = \(.*, (\d+)\)", configuration.text, re.MULTILINE):
        steps = configuration.bindings_of("train")["num_steps"]
        assert int(ends) <= steps, "a schedule does not end with the training"
    if teacher:
        row = found.row(job.row.teacher)
        assert [teacher["gin_file"]] == row.gin and row.id == pathlib.Path(teacher["gin_file"]).stem
        assert (
            list(teacher["gin_params"])
            == next(need for need in jobs.plan(found, "runs") if need.row.id == row.id).params
        )


def test_studies_of_the_same_runs_train_them_alike_and_keep_their_own_notes():
    shared = [
        (found, study.load(found.runs_of, scale))
        for name, scale in every()
        if (found := study.load(name, scale)).runs_of != name
    ]
    assert len(shared) == 7 * 3
    for found, other in shared:
        theirs = {job.run.path: job for job in jobs.plan(other, "runs")}
        for job in jobs.plan(found, "runs"):
            twin = theirs.get(job.run.path)
            if twin is None:  # a lambda, beta, size or seed that the other study does not have, or not at this scale
                assert job.row.id not in {row.id for row in other.chosen} or job.seed >= other.scale.seeds
                continue
            assert (job.gin_files, job.params) == (twin.gin_files, twin.params) and job.note != twin.note


def test_the_ibgan_of_the_table_is_that_of_the_short_gin_file():
    found = study.load("ibgan_table1", "cpu")
    job = next(job for job in jobs.plan(found, "runs") if job.row.id == "ibgan_dsprites")
    alone = Configuration([PROJECT / "gin" / "ibgan_short_dsprites.gin"], ["train.seed = 0"])
    assert jobs.configuration(job).differences(alone.text) == []


def test_the_udr_of_a_code_that_all_rows_of_a_study_share_is_asked_where_its_teacher_is_studied():
    small = study.load("lowres_code", "cpu")
    assert {row.teacher or row.id for row in small.rows} == {"factorvae_rooms"} and "udr" not in small.columns
    assert small.runs_of == "rooms" and "udr" in study.load("rooms", "cpu").columns


def test_the_label_studies_count_the_images_that_the_paper_counts():
    metrics()
    counts = {"cifar10": (5_000, 500, 500), "facescrub": (53_000, 100, 100)}  # section 4.2
    for name in ("label_table1", "label_table2"):
        for job in jobs.plan(study.load(name, "paper"), "runs"):
            if job.row.dataset in counts:
                configuration = jobs.evaluated(job)
                bound = [configuration.bindings_of(metric)[key] for metric, key in COUNTS]
                assert tuple(bound) == counts[job.row.dataset]


def test_ibgan_counts_the_colour_as_a_sixth_factor_and_idgan_does_not():
    for name, expected in (("ibgan_table1", 6), ("idgan_table1", 5)):
        for job in jobs.plan(study.load(name, "paper"), "runs"):
            if job.row.dataset == "color_dsprites":
                assert len(build.settings(jobs.configuration(job)).dataset.factor_sizes) == expected


def test_the_remedy_of_a_folder_that_has_a_gin_file_names_it():
    from idgan_tf.commands.prepare_data import dataset_of

    assert dataset_of("cifar10_images").command == "bin/prepare_data --dataset=cifar10_images --source=PATH"


def test_teachers_come_before_those_who_need_them_and_share_their_seed():
    planned = jobs.plan(study.load("idgan_table1", "paper"), "runs")
    where = {job.run.path: number for number, job in enumerate(planned)}
    needed = [(job, need) for job in planned for need in job.teachers]
    assert len(needed) == 3 * 3 * 5
    for job, need in needed:
        assert where[need.run.path] < where[job.run.path] and need.seed == job.seed
        assert need.run.path.parent == job.run.path.parent
        assert need.params == planned[where[need.run.path]].params


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20, 50])
def test_shares_cover_every_job_exactly_once(count):
    for name, scale in every():
        planned = jobs.plan(study.load(name, scale), "runs")
        shares = [jobs.share(planned, f"{number}/{count}") for number in range(1, count + 1)]
        together = sorted(str(job.run.path) for part in shares for job in part)
        assert together == sorted(str(job.run.path) for job in planned) and len(set(together)) == len(together)


@pytest.mark.parametrize("bad", ["", "3", "0/3", "4/3", "a/3", "1/0", "-1/3", "1/3/4", "1.5/3"])
def test_a_wrong_share_is_refused(bad):
    with pytest.raises(ConfigError, match="--only takes i/n"):
        jobs.share([1, 2, 3], bad)


def test_unknown_studies_and_scales_are_refused_with_those_there_are():
    with pytest.raises(ConfigError, match="no study 'idgan_tabel2'; there are idgan_table2"):
        study.load("idgan_tabel2", "cpu")
    with pytest.raises(ConfigError, match="no scale 'big'; there are paper, cpu, smoke"):
        study.load("idgan_table2", "big")


def test_the_commands_of_a_list_are_what_a_shell_gives_to_train_and_evaluate(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)  # as if no network came with the package
    found = study.load("idgan_lambda", "cpu")
    planned = jobs.plan(found, "my runs", ["train.precision = 'mixed_bfloat16'"])
    network, *lines = jobs.commands(planned)
    assert shlex.split(network)[:2] == ["bin/train", "--gin_file=gin/factor_classifier_dsprites.gin"]
    assert len(lines) == len(planned)
    for line, job in zip(lines, planned, strict=True):
        words = shlex.split(line)
        assert [word[12:] for word in words[: words.index("&&")] if word.startswith("--gin_param=")] == job.params
        assert words.count(f"--run_dir={job.run.path}") == 2 and "bin/evaluate" in words
        jobs.configuration(job)
    assert job.params[0] == "IDGAN.lambda_id = 1.0" and "mixed_bfloat16" in job.params[-1]


def test_the_table_of_the_documentation_is_that_of_the_studies():
    text = (PROJECT / "docs/studies.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE)
    shown = {name: title for name, title in rows if name in study.names()}
    assert shown == {name: study.load(name, "paper").title for name in study.names()}
