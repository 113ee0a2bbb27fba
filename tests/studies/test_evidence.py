"""What docs/results/ shows is what `bin/reproduce` made of its numbers, and what today's claims say of them."""

import json
import pathlib
import re
import shutil

import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.studies import evidence, jobs, results, study

ROOT = pathlib.Path(__file__).parents[2]
EVIDENCE = {
    *("ibgan_beta", "idgan_fig3", "idgan_lambda", "idgan_table1", "idgan_table2", "start", "teachers"),
    *("label_table1", "label_table2", "label_toy"),
}
NOT_HERE = {"inception_score"}  # no machine of ours has Inception's weights
FOLDERS = sorted(path.parent for path in (ROOT / "docs" / "results").glob("*/results.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_tables_claims_and_settings_are_those_of_the_numbers(folder):
    told, wrong = evidence.verify(folder)
    assert wrong == [] and folder.name in told


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_evidence_is_whole(folder):
    result = results.read(folder)
    today = study.load(result["study"], result["scale"])
    assert folder.name == result["study"]
    assert max(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 5_000_000
    asked = {job.row.id: job.row.metrics for job in jobs.plan(today, "runs")}
    for row in result["rows"]:
        assert row["seeds"] == today.scale.seeds, row["id"]
        missing = {column for column in asked[row["id"]] if column not in row["cells"]}
        assert not row["problem"] and row["left_out"].keys() == missing <= NOT_HERE, row["id"]


def changed(folder, **changes):
    """What `verify` says of a copy of evidence in whose first row something else stands."""
    text = json.loads((folder / "results.json").read_text())
    text["rows"][0] |= changes
    (folder / "results.json").write_text(json.dumps(text))
    return evidence.verify(folder)[1]


def test_whatever_was_changed_by_hand_is_found(tmp_path):
    source, folder = ROOT / "docs" / "results" / "idgan_table2", tmp_path / "idgan_table2"
    shutil.copytree(source, folder)
    assert evidence.verify(folder)[1] == []
    (folder / "table.md").write_text((folder / "table.md").read_text().replace("24,000", "24,001"))
    (folder / "pictures" / "mine.png").touch()
    assert evidence.verify(folder)[1] == ["table.md is not what its numbers give", "pictures/mine.png is of no row"]
    (folder / "pictures" / "mine.png").unlink()
    shutil.copy(source / "table.md", folder)
    assert changed(folder, settings=[]) == [
        "table.md is not what its numbers give", "betavae_dsprites has other settings today"
    ]  # fmt: skip
    shutil.copy(source / "results.json", folder)
    cells = json.loads((source / "results.json").read_text())["rows"][0]["cells"]
    wrong = changed(folder, cells=cells | {"fid_dsprites_even": {"0": 1.0}})
    assert "its claims, or their answers, are not those that its numbers give today" in wrong
    assert "fid_dsprites_even of betavae_dsprites has 1 of 2 seeds" in wrong


def test_a_number_that_does_not_say_its_count_or_network_is_found_of_given_codes_and_of_one_seed_too(tmp_path):
    folder = tmp_path / "label_toy"
    shutil.copytree(ROOT / "docs" / "results" / "label_toy", folder)
    result = json.loads((folder / "results.json").read_text())
    name = result["rows"][0]["id"]
    result["rows"][0]["cells"]["fid_dsprites:prior"] = {"0": 1.0}
    result["protocol"]["fid_dsprites:prior"] = {"seed": 0}
    (folder / "results.json").write_text(json.dumps(result))
    assert evidence.verify(folder)[1][-2:] == [
        f"fid_dsprites:prior of {name} does not say of how many it is",
        f"fid_dsprites:prior of {name} does not name its network by its checksum",
    ]


def test_no_evidence_is_said(monkeypatch, tmp_path):
    with pytest.raises(ConfigError, match="no evidence of idgan_table3; there is of ibgan_beta, idgan_fig3"):
        evidence.folders("idgan_table3")
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    with pytest.raises(ConfigError, match="it comes with a checkout"):
        evidence.folders()


def machine_paths(text):
    """Paths that only one machine has."""
    return re.findall(r"(?:/root|/home|/tmp|/work|/mnt|/Users|/var)/\S*", text)


def test_no_evidence_and_no_page_names_a_path_of_a_machine():
    assert machine_paths("see /tmp/w/a.keras, /root/.cache") == ["/tmp/w/a.keras,", "/root/.cache"], "it can fail"
    texts = [path for folder in ("docs", "idgan_tf/pretrained") for path in (ROOT / folder).rglob("*.*")]
    texts = [path for path in texts if path.suffix in (".md", ".json", ".jsonl", ".csv", ".gin")]
    assert len(texts) > 30
    assert not {path: found for path in texts if (found := machine_paths(path.read_text()))}
