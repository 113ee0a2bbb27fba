"""The table and the page of a study: ours beside the published, with all that tells how it was measured."""

import csv
import html.parser
import json
import re

from idgan_tf.errors import NonFiniteError
from idgan_tf.reports import of_study
from idgan_tf.studies import jobs, results, study, table
from tests.studies.made import SCORES, answers, run_all


def test_the_table_has_ours_beside_the_published_and_the_budget(made, table2, tmp_path):
    result, folder = run_all(table2, tmp_path)
    assert json.loads((folder / "results.json").read_text())["study"] == "joint"
    markdown = (folder / "table.md").read_text()
    line = next(line for line in markdown.splitlines() if line.startswith("| ID-GAN (two-step)"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:3] == ["0.705 ± 0.0071", "0.65 ± 0.08"] and cells[5:7] == ["2.005 ± 0.0071", "2 ± 1.74"]
    assert cells[7:10] == ["2.005 ± 0.0071", "2.005 ± 0.0071", "0.705 ± 0.0071"], "FIDs of given codes, and UDR"
    batch = next(param for param in table2.scale.params["idgan"] if param.startswith("train.batch_size = "))
    assert cells[10:] == ["2", "24,000 + 24,000", batch.split(" = ")[1], "float32"]
    assert "- fid_dsprites: num_samples 10000" in markdown and "seed 0" not in markdown, "what all have in common"
    assert "- fid_dsprites of VAE-GAN: generated from vaegan_dsprites" in markdown, "what they have not"
    assert f"- ID-GAN (two-step): gin/idgan_dsprites.gin; {'; '.join(table2.scale.params['idgan'])}\n" in markdown
    assert "| Table 2 | holds | holds |" in markdown, "the paper's answer beside ours"
    assert "fid_dsprites10k" in markdown and "| holds |" in markdown
    assert all(f"(pictures/{row}-samples.png)" in markdown for row in SCORES)
    lines = list(csv.DictReader((folder / "table.csv").read_text().splitlines()))
    assert len(lines) == 4 * 6 and len({(line["row"], line["metric"]) for line in lines}) == 4 * 6, "a name for each"
    assert lines[-4]["metric"] == "fid_dsprites10k" and lines[-4]["published_std"] == "1.74"
    text = table.to_terminal(result)
    assert "HOLDS: Two-step ID-GAN has the lowest FID" in text
    assert len({len(line) for line in text.splitlines() if "float32" in line}) == 1, "columns do not line up"
    assert {path.name for path in (folder / "pictures").iterdir()} == {
        "fvm_fid.png",
        *(f"{row}-samples.png" for row in SCORES),
    }
    assert "![fvm_fid.png](pictures/fvm_fid.png)" in markdown, "the figure of all runs"


def test_the_seed_that_udr_selects_stands_below_its_row_and_says_so(made, table2, tmp_path):
    result, _ = run_all(table2, tmp_path)
    assert [row["cells"]["udr"] for row in result["rows"]][1] == {0: 0.5, 1: 0.51}, "of the runs of both seeds"
    lines = table.grid(result)
    number = next(i for i, line in enumerate(lines) if line[0] == "VAE-GAN")
    assert lines[number][1:3] == ["0.505 ± 0.0071", "0.46 ± 0.18"], "the mean stays"
    assert lines[number + 1][0] == "VAE-GAN, seed 1 alone, selected by UDR of 2 seeds"
    assert lines[number + 1][1:3] == ["0.51", "-"] and lines[number + 1][-4] == "1"
    assert {len(line) for line in lines} == {len(lines[0])} and sum("UDR" in line[0] for line in lines) == 4
    result["rows"][1]["cells"]["udr"] = {0: 0.6, 1: 0.5}
    assert table.grid(result)[number + 1][0].startswith("VAE-GAN, seed 0 alone")
    result["rows"][1]["cells"]["udr"] = {0: 0.6}
    assert sum("UDR" in line[0] for line in table.grid(result)) == 3, "one seed is no choice"


def test_one_seed_is_asked_for_no_udr_and_two_are(table2, tmp_path):
    assert all("udr" in job.row.metrics for job in jobs.plan(table2, tmp_path))
    assert not any("udr" in job.row.metrics for job in jobs.plan(study.load(table2.asked, "smoke"), tmp_path))


def test_a_score_that_is_not_finite_is_shown_and_decides_nothing(made, table2, tmp_path):
    _, folder = run_all(table2, tmp_path)
    with open(folder.parent / "seed0" / "vaegan_dsprites" / "metrics.jsonl", "a") as file:
        file.write('{"step": 24000, "fid_dsprites10k": NaN, "protocol": {"seed": 0}}\n')
    result, _ = results.write(table2, tmp_path)
    line = next(line for line in (folder / "table.md").read_text().splitlines() if line.startswith("| VAE-GAN"))
    assert line.split(" | ")[5] == "nan" and answers(result)["Two-step ID-GAN has the lowest FID"] == "not decidable"


def test_fewer_images_than_the_papers_are_said_and_time_and_cost_told(made, table2, tmp_path):
    result, folder = run_all(table2, tmp_path)
    assert "VAE-GAN 2 %" in (folder / "table.md").read_text() and "VAE-GAN 2 %" in table.to_terminal(result)
    for row in result["rows"]:
        images = row["steps"] * int(row["batch_size"])
        row["paper_share"] = images / (images if row["id"] == "vaegan_dsprites" else 2 * images)
    assert "VAE-GAN" not in table.shortfalls(result)[0] and "beta-VAE (reference) 50 %" in table.shortfalls(result)[0]
    assert table.costs(result) == [] and "hours on the clock" not in (folder / "table.md").read_text()
    result["rows"][0]["cost"] = {0: [3600.0, 2, "core"], 1: [7200.0, 2, "core"]}
    assert table.costs(result) == [["beta-VAE (reference)", "1.5", "2 core", "3"]]
    assert "| beta-VAE (reference) | 1.5 | 2 core | 3 |" in table.to_markdown(result)
    assert "1.5" in of_study.of_study(result, folder / "pictures")


def test_every_run_tells_the_commit_that_trained_it(made, table2, tmp_path):
    result, folder = run_all(table2, tmp_path)
    assert all(row["commits"] == {} for row in result["rows"]) and result["commits"] == []
    for seed, commit in enumerate(("abc", "def")):
        environment = {"packages": "keras", "machine": "one", "commit": commit}
        path = folder.parent / f"seed{seed}" / "vaegan_dsprites" / "environment.json"
        path.write_text(json.dumps(environment))
    results.write(table2, tmp_path)
    result = results.read(folder)
    assert [row["commits"] for row in result["rows"]] == [{}, {0: "abc", 1: "def"}, {}, {}]
    assert result["commits"] == ["abc", "def"]


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
    assert tags.count("script") == 3 and "&lt;script&gt;" in page, "the library, ours, and the runs as JSON"
    compared = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page)[1])
    assert compared["columns"].keys() == {*table2.columns} and len(compared["runs"]) == 3 * 2
    assert {"fvm": 0.71, "fid_dsprites": 2.01, "fid_dsprites:prior": 2.01}.items() <= compared["runs"][-1].items()
    assert "0.65 ± 0.08" in page and "does not hold" not in page and "not decidable" in page
