"""A study as one HTML page: the table, its runs by any two values, what is missing, the claims, and pictures."""

import math

from idgan_tf.reports.page import page, picture
from idgan_tf.studies import table

HOURS = "hours"  # of one device: what a run cost, beside its scores


def of_study(result, pictures):
    """The page of what `studies.results.read` gives, as text.

    Args:
        result: its JSON object.
        pictures: the folder of its pictures.
    """
    header, *lines = table.grid(result)
    rows = [{"name": row["name"], "pictures": _of_row(row, pictures)} for row in result["rows"] if row["pictures"]]
    return page(
        "study.html",
        title=result["title"],
        heading=table.heading(result),
        header=header,
        lines=lines,
        remarks=[*table.problems(result), *table.shortfalls(result), *result["notes"]],
        compared=_compared(result),
        claim_header=table.CLAIM.values(),
        claims=[[claim[key] for key in table.CLAIM] for claim in result["claims"]],
        drawn=[picture(pictures / name) for name in result["figures"]],
        cost_header=table.COST,
        costs=table.costs(result),
        protocols=table.protocols(result),
        budgets=table.budgets(result),
        rows=rows,
        environments=[*result["environments"], *(f"Trained at commit {commit}." for commit in result["commits"])],
        command=result["command"],
    )


def _of_row(row, folder):
    """The pictures of a row: their files are named <row>-<kind>.png."""
    return [picture(folder / name, name.removeprefix(f"{row['id']}-").removesuffix(".png")) for name in row["pictures"]]


def _compared(result):
    """What charts.js takes: {"columns": {id: title}, "rows": [name], "runs": [{"row", id: value}]}, or None.

    A run is a row and a seed; None where fewer than two values are known of any.
    """
    runs = []
    for row in result["rows"]:
        cost = {seed: seconds * devices / 3600 for seed, (seconds, devices, _) in row["cost"].items()}
        cells = {column: _finite(values) for column, values in {**row["cells"], HOURS: cost}.items()}
        for seed in sorted({seed for values in cells.values() for seed in values}):
            values = {column: values[seed] for column, values in cells.items() if seed in values}
            runs.append({"row": row["name"], **values})
    known = [column for column in (*result["columns"], HOURS) if any(column in run for run in runs)]
    if len(known) < 2:
        return None
    titles = {HOURS: "hours of one device"}
    for row in result["rows"]:
        titles |= row["names"]
    return {
        "columns": {column: titles[column] for column in known},
        "rows": [row["name"] for row in result["rows"]],
        "runs": runs,
    }


def _finite(values):
    return {seed: value for seed, value in values.items() if math.isfinite(value)}
