"""What docs/results/ shows is what `bin/reproduce` made of its numbers, and what today's claims say of them."""

import pathlib
import re

import pytest

from idgan_tf.studies import jobs, results, study, table

ROOT = pathlib.Path(__file__).parents[2]
EVIDENCE = {"idgan_lambda", "idgan_table1", "idgan_table2", "ibgan_table1", "label_table1", "label_table2", "label_toy"}
NOT_HERE = {"inception_score"}  # no machine of ours has Inception's weights
FOLDERS = sorted(path.parent for path in (ROOT / "docs" / "results").glob("*/results.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_tables_are_those_of_the_numbers(folder):
    result = results.read(folder)
    assert folder.name == result["study"]
    assert (folder / "table.md").read_text() == table.to_markdown(result)
    assert (folder / "table.csv").read_text() == table.to_csv(result)
    shown = {*result["figures"], *(name for row in result["rows"] for name in row["pictures"])}
    assert shown == {path.name for path in (folder / "pictures").iterdir()}
    assert max(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 5_000_000


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_settings_and_claims_are_those_of_the_study_and_every_answer_follows_from_the_numbers(folder):
    result = results.read(folder)
    today = study.load(result["study"], result["scale"])
    assert [row["id"] for row in result["rows"]] == [row.id for row in today.chosen]
    assert [row["published"] for row in result["rows"]] == [row.published for row in today.chosen]
    planned = {job.row.id: job for job in reversed(jobs.plan(today, "runs"))}
    for row in result["rows"]:
        assert row["settings"] == results.settings(planned[row["id"]]), row["id"]
        assert row["seeds"] == today.scale.seeds, row["id"]
        missing = {column for column in planned[row["id"]].row.metrics if column not in row["cells"]}
        assert not row["problem"] and row["left_out"].keys() == missing <= NOT_HERE, row["id"]
    assert result["claims"] == results.answers(today, result["rows"])
    assert result["notes"] == today.notes


def machine_paths(text):
    """Paths that only one machine has."""
    return re.findall(r"(?:/root|/home|/tmp|/work|/mnt|/Users|/var)/\S*", text)


def test_no_evidence_and_no_page_names_a_path_of_a_machine():
    assert machine_paths("see /tmp/w/a.keras, /root/.cache") == ["/tmp/w/a.keras,", "/root/.cache"], "it can fail"
    texts = [path for folder in ("docs", "idgan_tf/pretrained") for path in (ROOT / folder).rglob("*.*")]
    texts = [path for path in texts if path.suffix in (".md", ".json", ".jsonl", ".csv", ".gin")]
    assert len(texts) > 30
    assert not {path: found for path in texts if (found := machine_paths(path.read_text()))}


def test_the_page_of_results_tells_how_each_was_made():
    assert {folder.name for folder in FOLDERS} >= EVIDENCE
    page = (ROOT / "docs" / "results" / "README.md").read_text()
    for folder in FOLDERS:
        assert f"]({folder.name}/table.md)" in page and f"--study={folder.name}" in page
