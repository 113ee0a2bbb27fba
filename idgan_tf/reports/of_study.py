"""A study as one HTML page: the table, what is missing, the claims, and the last pictures of every row."""

from idgan_tf.reports.page import page, picture
from idgan_tf.studies import table


def of_study(result, pictures):
    """The page of what `studies.results.read` gives, as text.

    Args:
        result: its JSON object.
        pictures: the folder of its pictures.
    """
    header, *lines = table.grid(result)
    rows = [
        {"name": row["name"], "pictures": [picture(pictures / name) for name in row["pictures"]]}
        for row in result["rows"]
        if row["pictures"]
    ]
    return page(
        "study.html",
        title=result["title"],
        heading=table.heading(result),
        header=header,
        lines=lines,
        remarks=[*table.problems(result), *result["notes"]],
        claim_header=table.CLAIM.values(),
        claims=[[claim[key] for key in table.CLAIM] for claim in result["claims"]],
        figures=[picture(pictures / name) for name in result["figures"]],
        protocols=table.protocols(result),
        budgets=table.budgets(result),
        rows=rows,
        environments=result["environments"],
        command=result["command"],
    )
