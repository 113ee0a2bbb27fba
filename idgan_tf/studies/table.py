"""A study's result as a table, ours beside the published value, with its claims: for the terminal, Markdown and CSV.

A result is the JSON object of `results.collect`.
"""

import csv
import io
import statistics

import numpy as np

from idgan_tf.run_log import told
from idgan_tf.studies import claims

ABOUT = ("steps", "teacher_steps", "batch_size", "precision")
CLAIM = {  # what is shown of a claim, under which heading
    "text": "claim",
    "where": "where",
    "published": "by the paper's numbers",
    "answer": "by ours",
    "reason": "reason",
}
COST = ("run", "hours on the clock", "on", "hours of one of them")
FIELDS = ("study", "scale", "row", "dataset", "metric", "mean", "std", "seeds", *ABOUT, "published", "published_std")


def grid(result):
    """[header, line of each row] as texts: every column and its published values, if any; seeds, steps, precision."""
    used = [c for c in result["columns"] if any(c in row["cells"] or c in row["published"] for row in result["rows"])]
    printed = [column for column in used if any(column in row["published"] for row in result["rows"])]
    header = [""]
    for column in used:
        names = dict.fromkeys(row["names"][column] for row in result["rows"] if column in row["names"])
        header += [" / ".join(names) or column, *["published"] * (column in printed)]
    lines = [[*header, "seeds", "steps", "batch", "precision"]]
    for row in result["rows"]:
        line = [row["name"]]
        for column in used:
            values = list(row["cells"].get(column, {}).values())
            line.append(spread(values))
            if column in printed:
                line.append(_published(row["published"].get(column, [])))
        steps = "-" if row["steps"] is None else f"{row['steps']:,}"
        if row["teacher_steps"] is not None:
            steps = f"{row['teacher_steps']:,} + {steps}"
        about = [steps, str(row["batch_size"] or "-"), row["precision"] or "-"]
        lines.append([*line, str(row["seeds"]), *about])
        if (seed := selected(row)) is not None:
            line = [f"{row['name']}, seed {seed} alone, selected by UDR of {len(row['cells']['udr'])} seeds"]
            for column in used:
                line.append(spread([row["cells"][column][seed]] if seed in row["cells"].get(column, {}) else []))
                line += ["-"] * (column in printed)
            lines.append([*line, "1", *about])
    return lines


def selected(row):
    """The seed of a row whose code agrees most with the others', by the column "udr"; None of less than two.

    No label takes part in it, so that its other scores are those of a selection that anybody could make.
    """
    scores = row["cells"].get("udr", {})
    return max(scores, key=scores.get) if len(scores) > 1 else None


def spread(values):
    if not values:
        return "-"
    mean, std = _mean_and_std(values)
    return claims.number(mean) if std is None else f"{claims.number(mean)} ± {claims.number(std, 2)}"


def _mean_and_std(values):
    """The mean, and the standard deviation of a sample or None for one value; NaN where a value is not finite."""
    if not np.all(np.isfinite(values)):
        return np.nan, None
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None


def _published(numbers):
    return " ± ".join(f"{number:g}" for number in numbers) or "-"


def problems(result):
    """Why numbers are missing: a line for each reason, with the rows it is about."""
    rows_of = {}
    for row in result["rows"]:
        reasons = [row["problem"], *(f"no {metric}: {reason}" for metric, reason in row["left_out"].items())]
        for problem in filter(None, reasons):
            rows_of.setdefault(problem, []).append(row["name"])
    return [f"{', '.join(names)}: {problem}" for problem, names in rows_of.items()]


def protocols(result):
    """How the numbers were measured: of each column, what all rows have in common, then what they have not."""
    lines = []
    for column, common in result["protocol"].items():
        rows_of = {told(common): []} if common else {}
        for row in result["rows"]:
            if own := row["protocol"].get(column):
                rows_of.setdefault(told(own), []).append(row["name"])
        lines += [
            " of ".join([column, *[", ".join(names)] * bool(names)]) + f": {text}" for text, names in rows_of.items()
        ]
    return lines


def budgets(result):
    """The settings of the rows: a line for all rows that have the same."""
    rows_of = {}
    for row in result["rows"]:
        rows_of.setdefault("; ".join(row["settings"]), []).append(row["name"])
    return [f"{', '.join(names)}: {settings}" for settings, names in rows_of.items()]


def shortfalls(result):
    """Which rows saw fewer images than the published values are of: a sentence, where there are such."""
    below = {row["name"]: row["paper_share"] for row in result["rows"] if row["paper_share"] and row["paper_share"] < 1}
    if not below:
        return []
    told = "; ".join(f"{name} {percent(share)}" for name, share in below.items())
    return [f"Of the images that the paper's trainings saw, these saw a part: {told}. Compare order, not values."]


def percent(share):
    """A share as text: "3 %", "0.2 %", "less than 0.1 %"."""
    if share < 0.001:
        return "less than 0.1 %"
    return f"{100 * share:.{0 if share >= 0.01 else 1}f} %"


def costs(result):
    """[row, hours on the clock, devices, hours of one device] as texts, of the rows whose runs wrote it down."""
    lines = []
    for row in result["rows"]:
        if row["cost"]:
            seconds, devices, kinds = zip(*row["cost"].values(), strict=True)
            used = " / ".join(dict.fromkeys(f"{n} {kind}" for n, kind in zip(devices, kinds, strict=True)))
            spent = sum(s * n for s, n in zip(seconds, devices, strict=True)) / len(seconds)
            lines.append([row["name"], f"{statistics.fmean(seconds) / 3600:.2g}", used, f"{spent / 3600:.2g}"])
    return lines


def heading(result):
    """One line: what was run."""
    count = result["seeds"]
    return f"scale {result['scale']}, {count} seed{'s' if count != 1 else ''} planned; {result['paper']}"


def columns(lines):
    """Lines of texts in columns of equal width, of which the first is set to the left."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, *cells in lines:
        padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *padded]).rstrip()


def to_terminal(result):
    """The table in columns of equal width."""
    text = [result["title"], heading(result), "", *columns(grid(result))]
    text += ["", *problems(result)] if problems(result) else []
    told = [*shortfalls(result), *result["notes"]]
    text += ["", *told] if told else []
    text.append("")
    for claim in result["claims"]:
        text += [f"{claim['answer'].upper()}: {claim['text']} ({claim['where']})", f"    {claim['reason']}"]
        text += (
            [f"    by the paper's own numbers it {claim['published']}"] if claim["published"] == claims.FAILS else []
        )
    return "\n".join(text)


def to_markdown(result):
    """The table, what is missing, the claims and the pictures of `results/`, as Markdown."""
    header, *lines = [[cell.replace("|", "\\|") for cell in line] for line in grid(result)]
    text = [f"# {result['title']}", "", heading(result), ""]
    text += [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *lines)]
    text += ["", *(f"- {line}" for line in [*problems(result), *shortfalls(result), *result["notes"]])]
    text += ["", f"| {' | '.join(CLAIM.values())} |", f"|{'---|' * len(CLAIM)}"]
    for claim in result["claims"]:
        cells = [claim[key] for key in CLAIM]
        text.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    text += ["", *(f"![{name}](pictures/{name})" for name in result["figures"])]
    text += ["", "How they were measured:", "", *(f"- {line}" for line in protocols(result))]
    if costs(result):
        text += ["", f"| {' | '.join(COST)} |", f"|{'---|' * len(COST)}"]
        text += [f"| {' | '.join(line)} |" for line in costs(result)]
    text += ["", "Gin files and bindings:", "", *(f"- {line}" for line in budgets(result))]
    trained = f" Trained at commit {', '.join(result['commits'])}." if result["commits"] else ""
    text += ["", f"Made by `{result['command']}`.{trained}", ""]
    for row in result["rows"]:
        if row["pictures"]:
            text += [f"**{row['name']}**", "", *(f"![{name}](pictures/{name})" for name in row["pictures"]), ""]
    return "\n".join(text)


def to_csv(result):
    """A line for each row and column that has a value, ours or published."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in result["rows"]:
        for column in result["columns"]:
            values, published = list(row["cells"].get(column, {}).values()), row["published"].get(column, [])
            if not values and not published:
                continue
            ours = ["" if number is None else number for number in (_mean_and_std(values) if values else ("", ""))]
            about = [row[name] for name in ABOUT]
            head = [result["study"], result["scale"], row["name"], row["dataset"], row["names"].get(column, column)]
            writer.writerow([*head, *ours, len(values), *about, *published, *[""] * (2 - len(published))])
    return text.getvalue()
