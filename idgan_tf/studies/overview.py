"""Every claim of the studies on one page, docs/results/README.md, made from the evidence beside it.

`bin/reproduce --claims` writes it, and the lines of the README between two marks; `bin/reproduce --verify` compares.
"""

import re

from idgan_tf.evaluation.metric import metrics
from idgan_tf.studies import claims, results, study, table
from idgan_tf.studies.columns import metric_of

PAPERS = {  # their studies, in the order of a reader
    "ID-GAN": (
        "idgan_table2", "idgan_table1", "idgan_fig3", "idgan_lambda", "lowres_code", "idgan_table3", "idgan_table4"
    ),
    "IB-GAN": ("ibgan_table1", "ibgan_beta", "ibgan_table2"),
    "Label-relevant / irrelevant VAE": ("label_toy", "label_table1", "label_table2"),
    "This project": ("teachers", "start", "rooms"),
}  # fmt: skip
OURS = "This project"
WORDS = {claims.HOLDS: "yes", claims.FAILS: "no", claims.OPEN: "open"}
HEADER = ["claim", "holds?", "ours (the paper's)", "seeds, or why it is open"]
EARLIER = "†"
MARKS = "<!-- bin/reproduce --claims -->", "<!-- end -->"
TEXT = """# The claims, and our numbers beside the papers'

For every claim of the three papers that a number can decide: does it hold here? *yes* and *no* are by the means, beyond
the standard error over the seeds; what is within it, of too small a budget or not run is *open*. This page is made by
`bin/reproduce --claims` from the numbers in the folders beside it; `bin/reproduce --verify`, as a test does, makes all
of it anew and compares. How a study is run, its table read, and what is behind an answer: [studies](../studies.md).
"""
OLD = f"""{EARLIER} by runs of an earlier version of this code, which wrote no commit down; the same command trains
otherwise today: the label methods saw no mirrored images then, and their batch normalisation had a momentum of 0.99.
"""
CARRIES = """A number carries, in the `results.json` of its folder, its command, its seed, the counts and settings of
its metric, the checksum of the network that it asked, and the commit that trained its run. A dash is what it lacks. No
number carries the commit of its evaluation.
"""


class Study:
    """A study at the scale of its evidence; `result` is None where there is none."""

    def __init__(self, name, folder):
        self.result = results.read(folder / name) if (folder / name / "results.json").exists() else None
        self.study = study.load(name, self.result["scale"] if self.result else "paper")
        self.rows = self.result["rows"] if self.result else []
        self.unknown = sum(map(_unknown, self.rows))

    def is_earlier(self, claim):
        """Whether numbers of a claim are of runs that do not say their commit."""
        asked = {*claim.rows, *claim.than}
        rows = [row for row in self.rows if row["id"] in asked and row["cells"].keys() & {*claim.metrics}]
        return any(map(_unknown, rows))

    def verdict(self, claim):
        """The `claims.Verdict`; of a study without evidence, open."""
        if self.result:
            return results.verdict(self.study, claim, self.rows)
        return claims.Verdict(claims.OPEN, "", "no evidence yet")

    def line(self, claim):
        """The cells of `HEADER`."""
        answer, _, remark = self.verdict(claim)
        if claims.check(claim, results.printed(self.study)).answer == claims.FAILS:
            remark += "; by the paper's own numbers it does not hold"
        mark = f" {EARLIER}" * self.is_earlier(claim)
        return [f"{claim.text} ({claim.where})", f"**{WORDS[answer]}**{mark}", self.numbers(claim), remark]

    def numbers(self, claim):
        """For each metric the rows of a claim, a line each: ours, and in brackets the paper's."""
        ours = {row["id"]: row["cells"] for row in self.rows}
        printed = {row.id: row for row in self.study.rows}
        told = []
        for column in claim.metrics:
            cells = []
            for name in dict.fromkeys([*claim.rows, *claim.than]):
                mine = list(ours.get(name, {}).get(column, {}).values())
                theirs = " ± ".join(map(claims.number, printed[name].published.get(column, [])))
                if mine or theirs:
                    cells.append(f"{printed[name].name} {table.spread(mine)}{f' ({theirs})' * bool(theirs)}")
            told += [f"{column}:", *cells] if cells else []
        return "<br>".join(told) or "-"

    @property
    def picture(self):
        """The file of the picture that shows most, below the folder of results, or None."""
        drawn = [name for row in reversed(self.rows) for name in row["pictures"] if "reconstructions" not in name]
        found = [*self.result["figures"], *drawn] if self.result else []
        return f"{self.study.name}/pictures/{found[0]}" if found else None

    @property
    def heading(self):
        name = self.study.name
        link = f"[{self.study.title}]({name}/table.md)" if self.result else self.study.title
        return f"### {link}"


def page(folder):
    """The text of the page.

    Args:
        folder: of all evidence.
    """
    found = _found(folder)
    text = [TEXT, *_table(["", "claims", *WORDS.values()], _counts(found)), "", "## The main claims", ""]
    text += _table(HEADER, [line for each in found.values() for one in each for line in _main(one)])
    text += ["", OLD]
    for paper, each in found.items():
        text += [f"## {paper}", ""]
        for one in each:
            text += [one.heading, "", *_table(HEADER, map(one.line, one.study.claims)), ""]
    with_evidence = [one for each in found.values() for one in each if one.result]
    text += ["## What each number carries", "", CARRIES]
    text += _table(["", "command", "seeds", "commit", "network", "counts"], map(_carries, with_evidence))
    return "\n".join(text) + "\n"


def lines(folder):
    """What the README says of it: a line for each paper, of answers by this version alone."""
    return "\n".join(
        f"- {paper}, {total} claims: {yes} yes, {no} no, {still} open"
        for paper, total, yes, no, still in _counts(_found(folder))
        if paper != OURS
    )


def with_lines(readme, folder):
    """The text of a README with `lines` between its `MARKS`."""
    begin, end = map(re.escape, MARKS)
    return re.sub(f"{begin}.*{end}", "\n".join([MARKS[0], lines(folder), MARKS[1]]), readme, flags=re.DOTALL)


def _found(folder):
    return {paper: [Study(name, folder) for name in names] for paper, names in PAPERS.items()}


def _unknown(row):
    """How many runs of a row do not say the commit that trained them."""
    return row["seeds"] - len(row["commits"])


def _counts(found):
    """[[paper, claims, yes, no, open]] as texts; what an earlier version answered is open, targets of ours are ours."""
    answers = {paper: [] for paper in found}
    for paper, each in found.items():
        for one in each:
            for claim in one.study.claims:
                ours = claim.where.startswith("target of this project")
                answer = claims.OPEN if one.is_earlier(claim) else one.verdict(claim).answer
                answers[OURS if ours else paper].append(answer)
    return [[paper, *map(str, (len(each), *map(each.count, WORDS)))] for paper, each in answers.items()]


def _main(one):
    """Lines of a study's main claims, its picture below the first."""
    file = one.picture
    pictures = [f'<br>[<img src="{file}" alt="{one.study.title}" width="220">]({file})'] if file else []
    for claim in one.study.claims:
        if claim.main:
            text, *rest = one.line(claim)
            yield [text + "".join(pictures[:1]), *rest]
            pictures = []


def _carries(one):
    """The line of a study's evidence: what its numbers say of themselves, a dash where they do not."""
    result = one.result
    networks, uncounted = {}, {}
    for _, column, protocol in results.cells(result):
        networks[protocol.get("feature_sha256", "")[:12]] = None
        if metric_of(column) in metrics() and not results.tells_count(protocol):
            uncounted[column] = None
    commits = ", ".join([*result["commits"], *[f"- ({one.unknown} runs)"] * bool(one.unknown)])
    counts = f"all but {', '.join(uncounted)}" if uncounted else "all"
    return [
        one.study.name,
        f"`{result['command']}`",
        str(result["seeds"]),
        commits,
        ", ".join(filter(None, networks)) or "asks none",
        counts,
    ]


def _table(header, lines):
    """A table in Markdown."""
    cells = [[cell.replace("|", "\\|") for cell in line] for line in (header, ["---"] * len(header), *lines)]
    return [f"| {' | '.join(line)} |" for line in cells]
