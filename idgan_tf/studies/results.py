"""What a study has found: read from its run directories, written as JSON, CSV, Markdown and pictures.

<runs>/<study>-<scale>/results/    table.md  table.csv  results.json  pictures/<figure>.png, <row>-<kind>.png
"""

import json
import pathlib
import shlex
import shutil

from absl import logging

from idgan_tf import run_log
from idgan_tf.config.gin_files import literals
from idgan_tf.errors import ConfigError, require
from idgan_tf.files import NOT_OURS, alone, write_text
from idgan_tf.run_directory import read_pieces
from idgan_tf.studies import claims, jobs, measured, table
from idgan_tf.visualize import curves


def collect(study, planned, extra=(), allow_imports=()):
    """Everything that a study has found so far, as one JSON object.

    Args:
        study: a `Study`.
        planned, extra, allow_imports: its jobs, and what `jobs.plan` got as the other two.

    Returns:
        {"study", "title", "paper", "scale", "seeds", "columns", "notes", "command": what repeats it,
         "rows": [{"id", "name", "dataset", "cells": {column: {seed: value}}, "names": {column: with its count},
                   "published": {column: [mean] or [mean, std]}, "seeds", "steps", "teacher_steps", "precision",
                   "batch_size", "settings": gin files and bindings, "pictures": {what it shows: path},
                   "commits": {seed: of the code that trained it}, where it is known,
                   "cost": {seed: [seconds on the clock, devices, their kind]}, where it is known,
                   "paper_share": its training images by those of scale paper, or None,
                   "problem": why runs have no numbers, or "", "left_out": {metric: why it was not measured},
                   "protocol": {column: {what its seeds have in common, but not all rows}}}],
         "protocol": {column: {what all rows and seeds have in common}},
         "claims": [{"text", "where", "published": the answer of the paper's own numbers, "answer", "reason"}],
         "environments": [packages and machine, in words],
         "commits": [of the code that trained the runs, where they say it]}.
    """
    command = ["bin/reproduce", f"--study={study.asked}", f"--scale={study.scale.name}"]
    command += [f"--gin_param={param}" for param in extra] + [f"--gin_allow_import={name}" for name in allow_imports]
    rows = [_row(study, row, [job for job in planned if job.row.id == row.id]) for row in study.chosen]
    protocol = {
        column: _common([p for row in rows for p in row["protocol"].get(column, [])]) for column in study.columns
    }
    for row in rows:
        row["protocol"] = {
            column: {
                key: value for key, value in _common(found).items() if key not in protocol[column] and key != "seed"
            }
            for column, found in row["protocol"].items()
        }
    papers = jobs.paper_images(study, allow_imports)
    for row in rows:
        known = row["steps"] and row["batch_size"] and row["id"] in papers
        row["paper_share"] = row["steps"] * int(row["batch_size"]) / papers[row["id"]] if known else None
    environments = [piece for job in planned for piece in read_pieces(job.run.environment)]
    return {
        "study": study.name,
        "title": study.title,
        "paper": study.paper,
        "scale": study.scale.name,
        "seeds": study.scale.seeds,
        "columns": study.columns,
        "notes": study.notes,
        "command": shlex.join(command),
        "rows": rows,
        "protocol": protocol,
        "claims": answers(study, rows),
        "environments": list(dict.fromkeys(f"{e['packages']}; {e['machine']}" for e in environments)),
        "commits": sorted({e["commit"] for e in environments if e.get("commit")}),
    }


def answers(study, rows):
    """What a study's claims are by the rows of `collect`, and by the means that the paper prints."""
    found = []
    for claim in study.claims:
        ours, published = verdict(study, claim, rows), claims.check(claim, printed(study)).answer
        about = {"text": claim.text, "where": claim.where, "published": published}
        found.append({**about, "answer": ours.answer, "reason": ours.reason})
    return found


def verdict(study, claim, rows):
    """The `claims.Verdict` on a claim by the rows of `collect`."""
    return claims.check(claim, {row["id"]: row for row in rows}, study.scale.seeds, study.scale.decides)


def printed(study):
    """The means that the paper prints, as the rows of a check."""
    return {
        row.id: {
            "name": row.name,
            "problem": "not printed",
            "left_out": {},
            "cells": {column: {0: numbers[0]} for column, numbers in row.published.items()},
        }
        for row in study.rows
    }


def _common(dictionaries):
    """The entries that all dictionaries have alike."""
    if not dictionaries:
        return {}
    first, *others = dictionaries
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


def _row(study, row, mine):
    cells, names, protocols, problems, reasons = {}, {}, {}, {}, {}
    for job in mine:
        problem, left_out = measured.remarks(job)
        found = measured.values(job)
        problems.setdefault(problem, []).append(job.seed)
        reasons |= {metric: reason for metric, reason in left_out.items() if metric not in found}
        for column, (value, name, protocol) in found.items():
            protocols.setdefault(column, []).append(protocol)
            cells.setdefault(column, {})[job.seed] = value
            names[column] = name
    done = [job for job in mine if measured.finished_step(job) is not None]
    teacher = [each for job in done for each in job.teachers]
    bound = {"train.precision": "float32", **literals(done[0].run.config)} if done else {}
    return {
        "id": row.id,
        "name": row.name,
        "dataset": row.dataset,
        "cells": cells,
        "names": names,
        "protocol": protocols,
        "published": row.published,
        "seeds": len(done),
        "steps": measured.finished_step(done[0]) if done else None,
        "teacher_steps": measured.finished_step(teacher[0]) if teacher else None,
        "precision": bound.get("train.precision"),
        "batch_size": bound.get("train.batch_size"),
        "commits": {job.seed: commits for job in done if (commits := _commits(job.run))},
        "cost": {job.seed: list(cost) for job in done if (cost := run_log.cost(job.run))},
        "settings": settings(mine[0]),
        "problem": "; ".join(_of_seeds(text, seeds, mine) for text, seeds in problems.items() if text),
        "left_out": reasons,
        "pictures": _pictures(done),
    }


def _commits(run):
    """Those that trained it, as text; "" where it does not say."""
    found = [piece["commit"] for piece in read_pieces(run.environment) if piece.get("commit")]
    return ", ".join(dict.fromkeys(found))


def _of_seeds(problem, seeds, mine):
    return problem if len(seeds) == len(mine) else f"seed {', '.join(map(str, seeds))}: {problem}"


def settings(job):
    """The gin files and bindings of a job, but for its seed and its teacher's, which are of the teacher's row."""
    own = [param for param in job.params if not param.startswith(("train.seed = ", "teacher.gin_params = "))]
    return [*job.gin_files, *own]


def _pictures(done):
    """{kind: path} of the last pictures from the training of the first run."""
    return {kind: str(path) for kind, path in done[0].run.newest_pictures().items()} if done else {}


def _figures(study, planned, folder):
    """Draws the figures of a study's finished runs into a folder; the names of those that can be drawn so far."""
    finished = [job.run for job in planned if measured.finished_step(job) is not None]
    drawn = []
    for name in study.figures if finished else ():
        try:
            drawn += [path.name for path in curves.write(finished, [name], folder)]
        except ConfigError as error:
            logging.info("%s", error)
    return drawn


def folder_of(study, runs):
    """Where the results of a study lie."""
    return pathlib.Path(runs) / f"{study.name}-{study.scale.name}" / "results"


def read(folder):
    """What `write` gave when the results in a folder were written.

    Raises:
        ConfigError: there are none, or only those of an earlier version.
    """
    try:
        result = json.loads((folder / "results.json").read_text("utf-8"))
    except NOT_OURS as error:
        raise ConfigError(f"no results in {folder}; bin/reproduce writes them") from error
    today = "commits" in result and all("cost" in row for row in result["rows"])
    require(today, f"{folder} is of an earlier version; run bin/reproduce again")
    for row in result["rows"]:  # JSON has no integer keys
        row["cells"] = {column: {int(seed): v for seed, v in cell.items()} for column, cell in row["cells"].items()}
        row["cost"] = {int(seed): cost for seed, cost in row["cost"].items()}
        row["commits"] = {int(seed): commit for seed, commit in row.get("commits", {}).items()}
    return result


def write(study, runs, extra=(), allow_imports=()):
    """Writes the files of `results/`, while others wait.

    Returns:
        (What `collect` gives, with "figures", the names of the study's figures in `pictures/`; the folder).
    """
    folder = folder_of(study, runs)
    with alone(folder):
        planned = jobs.plan(study, runs, extra, allow_imports)
        result = collect(study, planned, extra, allow_imports)
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
        result["figures"] = _figures(study, planned, folder / "pictures")
        for row in result["rows"]:
            row["pictures"] = [_copy(path, f"{row['id']}-{kind}.png", folder) for kind, path in row["pictures"].items()]
        write_texts(result, folder)
    return result, folder


def cells(result):
    """(row, column, its protocol) of every cell of what `collect` gives."""
    for row in result["rows"]:
        for column in row["cells"]:
            yield row, column, {**result["protocol"].get(column, {}), **row["protocol"].get(column, {})}


def tells_count(protocol):
    """Whether a protocol says of how many images, votes or points a number is."""
    return any(type(value) is int for key, value in protocol.items() if key != "seed")


def write_texts(result, folder):
    """Writes results.json and the tables of what `collect` gives into a folder."""
    write_text(folder / "results.json", json.dumps(result, indent=1) + "\n")
    write_text(folder / "table.csv", table.to_csv(result))
    write_text(folder / "table.md", table.to_markdown(result))


def _copy(path, name, folder):
    shutil.copyfile(path, folder / "pictures" / name)
    return name
