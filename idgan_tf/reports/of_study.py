"""A study as one HTML page: the table, what is missing, the claims, and the last pictures of every row."""

import html

from idgan_tf.reports.page import page, picture, section
from idgan_tf.studies import table


def of_study(result, pictures):
    """The page of what `studies.results.read` gives, as text.

    Args:
        result: its JSON object.
        pictures: the folder of its pictures.
    """
    header, *lines = table.grid(result)
    claims = [[claim[key] for key in table.CLAIM] for claim in result["claims"]]
    rows = [(row["name"], [pictures / name for name in row["pictures"]]) for row in result["rows"]]
    shown = "".join(
        f"<h3>{html.escape(name)}</h3><div class=curves>{''.join(picture(path) for path in paths)}</div>"
        for name, paths in rows
        if paths
    )
    sections = [
        f"<p class=quiet>{html.escape(table.heading(result))}</p>",
        section("Table", _table(header, lines) + _list([*table.problems(result), *result["notes"]])),
        section("Claims", _table(table.CLAIM.values(), claims)),
        section("Figures", "".join(picture(pictures / name) for name in result["figures"])),
        section("Protocol", _list(table.protocols(result))),
        section("Gin files and bindings", _list(table.budgets(result))),
        section("Pictures of the first seed", shown),
        section("Environment", _list(result["environments"])),
        section("To repeat it", f"<pre>{html.escape(result['command'])}</pre>"),
    ]
    return page(result["title"], sections)


def _list(lines):
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _table(header, lines):
    def row(tag, cells):
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(row("td", line) for line in lines)
    return f"<div class=wide><table>{row('th', header)}{body}</table></div>"
