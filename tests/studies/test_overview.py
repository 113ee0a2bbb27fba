"""The page of all claims is what the evidence gives, and nothing else."""

import json
import shutil

import pytest

from idgan_tf.studies import claims, evidence, overview, results, study
from idgan_tf.studies.claims import FAILS, HOLDS, OPEN
from tests.helpers import PROJECT

PAGE = (PROJECT / "docs/results/README.md").read_text("utf-8")


def test_the_page_of_claims_and_the_lines_of_the_readme_are_what_the_evidence_gives():
    assert evidence.verify_pages() == [], "bin/reproduce --claims writes them"
    assert overview.lines(evidence.FOLDER) in (PROJECT / "README.md").read_text("utf-8")


def test_every_study_and_every_claim_of_it_stands_on_the_page():
    assert sorted(name for names in overview.PAPERS.values() for name in names) == study.names()
    for name in study.names():
        for claim in study.load(name, "paper").claims:
            assert f"| {claim.text} ({claim.where}) |" in PAGE, name
            assert not claim.main or f"| {claim.text} ({claim.where})" in PAGE.split("## The main claims")[1]


def test_the_pictures_and_links_of_the_page_are_there():
    for folder in (path.parent for path in evidence.FOLDER.glob("*/results.json")):
        assert f"]({folder.name}/table.md)" in PAGE and f"--study={folder.name} " in PAGE
    files = [part.split('"')[0] for part in PAGE.split('<img src="')[1:]]
    assert files and all((evidence.FOLDER / file).is_file() for file in files)


@pytest.fixture
def folder(tmp_path):
    """Evidence of Table 2 alone."""
    shutil.copytree(evidence.FOLDER / "idgan_table2", tmp_path / "idgan_table2")
    return tmp_path


def changed(folder, change):
    path = folder / "idgan_table2" / "results.json"
    result = json.loads(path.read_text("utf-8"))
    change(result)
    path.write_text(json.dumps(result), "utf-8")


def line_of(folder, text):
    return next(line for line in overview.page(folder).splitlines() if line.startswith(f"| {text}"))


def without_commits(result):
    """As a run of a version that wrote no commit down."""
    for row in result["rows"]:
        row["commits"] = {}


def test_an_answer_stands_beside_our_number_and_the_papers(folder):
    def distances(*values):
        def change(result):
            for row, of_seeds in zip(result["rows"], values, strict=True):
                row["cells"]["fid_dsprites_even"] = dict(enumerate(of_seeds))

        return change

    best, others = "Two-step ID-GAN has the lowest FID", ([37, 38], [30, 31], [3, 4])
    changed(folder, distances(*others, [1, 7]))
    assert "| **open** |" in line_of(folder, best) and "within the spread of the seeds" in line_of(folder, best)
    changed(folder, distances(*others, [1, 2]))
    assert "| **yes** | fid_dsprites_even:<br>ID-GAN (two-step) 1.5 ± 0.71 (2 ± 1.74)<br>" in line_of(folder, best)
    assert "| 2 seeds |" in line_of(folder, best) and "†" not in line_of(folder, best)
    changed(folder, distances(*others, [90, 91]))
    assert "| **no** |" in line_of(folder, best)
    changed(folder, without_commits)
    assert "| **no** † |" in line_of(folder, best)
    changed(folder, lambda result: [row["cells"].pop("fid_dsprites_even") for row in result["rows"]])
    assert "| **open** | " in line_of(folder, best) and "ID-GAN (two-step) - (2 ± 1.74)" in line_of(folder, best)


def test_without_evidence_a_claim_is_open_and_has_the_papers_number(folder):
    line = line_of(folder, "CelebA: ID-GAN draws better than all VAEs")
    assert "| **open** | fid:<br>CelebA: ID-GAN+beta-VAE - (4.08)<br>" in line and "| no evidence yet |" in line


def test_what_the_papers_own_numbers_do_not_say_is_told():
    told = "by the paper's own numbers it does not hold"
    lines = [line for line in PAGE.splitlines() if told in line]
    assert any("disentangle better than the VAE and InfoGAN, by FVM" in line for line in lines)
    found = [study.load(name, "paper") for name in study.names()]
    failed = {c.text for one in found for c in one.claims if claims.check(c, results.printed(one)).answer == FAILS}
    assert failed == {line.split(" (")[0].removeprefix("| ") for line in lines}


def test_the_counts_are_those_of_the_answers_and_targets_of_ours_are_no_claims_of_a_paper(folder):
    counts = {paper: list(map(int, rest)) for paper, *rest in overview._counts(overview._found(folder))}
    assert all(total == yes + no + still for total, yes, no, still in counts.values())
    table2 = overview.Study("idgan_table2", folder)
    answers = [table2.verdict(claim).answer for claim in table2.study.claims if "target" not in claim.where]
    told = [answers.count(HOLDS), answers.count(FAILS)]
    assert sum(told) and answers.count(OPEN)
    total, *rest = counts["ID-GAN"]
    assert rest == [*told, total - sum(told)]
    assert f"- ID-GAN, {total} claims: {told[0]} yes, {told[1]} no, {total - sum(told)} open" in overview.lines(folder)
    changed(folder, without_commits)
    _, _, *earlier = overview._counts(overview._found(folder))[0]
    assert list(map(int, earlier)) == [0, 0, total], "a run that says no commit does not answer today"
    assert f"- ID-GAN, {total} claims: 0 yes, 0 no, {total} open" in overview.lines(folder)
    assert sum(total for total, *_ in counts.values()) == sum(len(study.load(n, "paper").claims) for n in study.names())


def test_what_a_number_lacks_is_a_dash(folder):
    changed(folder, without_commits)
    last = overview.page(folder).splitlines()[-1]
    assert last.split(" | ")[2] == "2" and last.split(" | ")[3].endswith("- (8 runs)")
    assert last.split(" | ")[4:] == ["d6e7b72a3013", "all |"]
    changed(folder, lambda result: result["protocol"]["mig"].clear())
    assert overview.page(folder).splitlines()[-1].endswith("| all but mig |")


def test_what_follows_from_numbers_is_made_anew_and_what_does_not_is_still_found(folder):
    changed(folder, lambda result: result["claims"].clear())
    changed(folder, lambda result: result["rows"][0].update(settings=[]))
    evidence.make(folder / "idgan_table2")
    assert evidence.verify(folder / "idgan_table2")[1] == ["betavae_dsprites has other settings today"]
