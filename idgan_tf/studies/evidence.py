"""The results that are kept in docs/results/: do tables, claims and settings follow from the numbers of every seed?"""

from idgan_tf.config.gin_files import PROJECT
from idgan_tf.errors import ConfigError, require
from idgan_tf.evaluation.metric import metrics
from idgan_tf.studies import jobs, overview, results, study, table
from idgan_tf.studies.columns import metric_of

FOLDER = PROJECT / "docs" / "results"


def folders(name=None):
    """The folders of all studies that have evidence, or of one.

    Raises:
        ConfigError: there is none, as where the package was installed without its checkout.
    """
    found = sorted(path.parent for path in FOLDER.glob("*/results.json"))
    require(found, f"there is no evidence in {FOLDER}; it comes with a checkout")
    chosen = [folder for folder in found if name in (None, folder.name)]
    require(chosen, f"there is no evidence of {name}; there is of {', '.join(folder.name for folder in found)}")
    return chosen


def verify(folder):
    """Makes everything in a folder anew from the numbers in its results.json, as today's code and study have it.

    Returns:
        (a line that says what it is of, [what is not as it is made today]).
    """
    try:
        result = results.read(folder)
        today = study.load(result["study"], result["scale"])
    except ConfigError as error:
        return folder.name, [str(error)]
    wrong = [*_of_tables(folder, result), *_of_study(result, today), *_of_numbers(result)]
    numbers = sum(len(cell) for row in result["rows"] for cell in row["cells"].values())
    networks = sorted({protocol["feature_sha256"][:12] for _, _, protocol in results.cells(result) if _asks(protocol)})
    told = [f"{numbers} numbers of {len(result['rows'])} rows, {len(result['claims'])} claims"]
    told += [f"network {', '.join(networks)}"] if networks else []
    told.append(f"commit {', '.join(result['commits'])}" if result["commits"] else "commit not written down")
    return f"{folder.name}, scale {result['scale']}: {'; '.join(told)}", wrong


def make(folder):
    """Writes anew what follows from the numbers of a folder by today's study: claims, notes, tables.

    Settings and pictures are those of the runs, and stay.
    """
    result = results.read(folder)
    today = study.load(result["study"], result["scale"])
    result |= {"claims": results.answers(today, result["rows"]), "notes": today.notes}
    results.write_texts(result, folder)


def pages():
    """{file: its text, as the evidence gives it}: the page of all claims, and the README with its lines of it."""
    readme = PROJECT / "README.md"
    return {
        FOLDER / "README.md": overview.page(FOLDER),
        readme: overview.with_lines(readme.read_text("utf-8"), FOLDER),
    }


def verify_pages():
    """[what is wrong with `pages`]."""
    return [
        f"{path.relative_to(PROJECT)} is not what the evidence gives; bin/reproduce --claims writes it"
        for path, text in pages().items()
        if path.read_text("utf-8") != text
    ]


def _of_tables(folder, result):
    for name, made in (("table.md", table.to_markdown(result)), ("table.csv", table.to_csv(result))):
        if not (folder / name).exists() or (folder / name).read_text("utf-8") != made:
            yield f"{name} is not what its numbers give"
    shown = {*result["figures"], *(name for row in result["rows"] for name in row["pictures"])}
    there = {path.name for path in (folder / "pictures").iterdir()} if (folder / "pictures").is_dir() else set()
    yield from (f"pictures/{name} is {'missing' if name in shown else 'of no row'}" for name in sorted(shown ^ there))


def _of_study(result, today):
    rows = {row.id: row for row in today.chosen}
    if [row["id"] for row in result["rows"]] != [*rows]:
        yield f"its rows are not those of the study: {', '.join(rows)}"
        return
    planned = {job.row.id: job for job in reversed(jobs.plan(today, "runs"))}
    for row in result["rows"]:
        if row["settings"] != results.settings(planned[row["id"]]):
            yield f"{row['id']} has other settings today"
        if row["published"] != rows[row["id"]].published:
            yield f"{row['id']} has other published numbers today"
    if result["claims"] != results.answers(today, result["rows"]):
        yield "its claims, or their answers, are not those that its numbers give today"
    if result["notes"] != today.notes:
        yield "its notes are not those of the study"


def _of_numbers(result):
    """What a number has to say of itself: its seeds, how it was measured, and which network it asked."""
    for row, column, protocol in results.cells(result):
        known = metrics().get(metric_of(column))
        if len(row["cells"][column]) != row["seeds"]:
            yield f"{column} of {row['id']} has {len(row['cells'][column])} of {row['seeds']} seeds"
        if known and not results.tells_count(protocol):
            yield f"{column} of {row['id']} does not say of how many it is"
        if known and known.network and not _asks(protocol):
            yield f"{column} of {row['id']} does not name its network by its checksum"


def _asks(protocol):
    return "feature_sha256" in protocol
