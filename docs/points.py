"""Points of a curve, each measured in processes of its own, so that the peak of memory is its own.

docs/growth.py and docs/gpu.py say which points there are, and make tables of them. This file starts no TensorFlow: what
starts a process lends it its own peak.
"""

import contextlib
import csv
import datetime
import json
import os
import pathlib
import platform
import re
import socket
import subprocess
import sys
import time

DOCS = pathlib.Path(__file__).resolve().parent
KEY = ("table", "series", "at")  # of a row


def read(path):
    """[row] of a CSV file, [] where there is none."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path, rows):
    """The CSV file, whole or not at all."""
    new = path.with_suffix(".new")
    with new.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    new.replace(path)


def measure(path, points):
    """{key: row} of what a CSV file has of `points`, after each that it lacks was measured and written.

    Args:
        path: of the CSV file.
        points: {(table, series, at), texts: function that measures {name: value}}; what fails is told, and left out.
    """
    rows = {tuple(row[name] for name in KEY): row for row in read(path)}
    rows = {key: rows[key] for key in points if key in rows}
    for number, (key, work) in enumerate(points.items(), 1):
        if key in rows:
            continue
        began = time.monotonic()
        try:
            found = work()
        except subprocess.CalledProcessError as error:
            print(f"{number}/{len(points)} {', '.join(key)} failed: {error.stderr.strip()[-500:]}", flush=True)
            continue
        rows[key] = {**dict(zip(KEY, key, strict=True)), **found, "date": datetime.date.today().isoformat()}
        write(path, [rows[known] for known in points if known in rows])
        seconds = time.monotonic() - began
        print(f"{number}/{len(points)} {', '.join(key)}: {found} ({seconds:.0f} s)", flush=True)
    return {key: rows[key] for key in points if key in rows}


def finish(path, points, show):
    """Measures `points`, shows the rows, and ends with an error where some failed."""
    rows = measure(path, points)
    show(rows)
    if failed := len(points) - len(rows):
        sys.exit(f"{failed} of {len(points)} points failed")


def benchmark(gin_files, *bindings, seconds, cores=(None,), cluster=False):
    """What bin/benchmark prints, where there are several processes of the first; images are those of all.

    Args:
        gin_files, bindings: of the training step.
        seconds: how long it is timed.
        cores: the processor that each process has for itself, None for all.
        cluster: whether the processes are the workers of one training.
    """
    command = [sys.executable, "bin/benchmark", "--json", f"--seconds={seconds}", "--gin_allow_import=docs"]
    command += [f"--gin_file={name}" for name in gin_files] + [f"--gin_param={text}" for text in bindings]
    with contextlib.ExitStack() as stack:
        free = [stack.enter_context(socket.create_server(("localhost", 0))) for _ in cores]
        places = [f"localhost:{each.getsockname()[1]}" for each in free]
    started = []
    for index, core in enumerate(cores):
        task = {"cluster": {"worker": places}, "task": {"type": "worker", "index": index}}
        environment = {"TF_CONFIG": json.dumps(task)} if cluster else {}
        pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
        started.append(start([*pinned, *command], environment))
    try:
        first, *others = [json.loads(output(process)) for process in started]
    finally:
        for process in started:  # a worker waits for one that failed
            process.kill()
            process.wait()
    if not cluster:
        first["images_per_s"] = round(sum(each["images_per_s"] for each in (first, *others)), 3)
    return {"processor": processor(), "processes": len(cores), **first}


def start(command, environment=()):
    """A command in the project's folder."""
    environment = {**os.environ, "PYTHONPATH": str(DOCS.parent), "TF_CPP_MIN_LOG_LEVEL": "3", **dict(environment)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=DOCS.parent, env=environment)


def output(process):
    """What a command printed.

    Raises:
        CalledProcessError: it failed.
    """
    out, error = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args, out, error)
    return out


def put(page, mark, head, rows):
    """Writes a table into a page, between two marks; a cell in which something is nan, not measured, is empty."""
    rows = [["" if re.search(r"\bnan\b", cell) else cell for cell in cells] for cells in rows]
    before, _, after = page.read_text("utf-8").split(f"<!-- {mark} -->")
    top, *lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    table = "\n".join([top, "|" + "---|" * len(head), *lines])
    page.write_text(f"{before}<!-- {mark} -->\n\n{table}\n\n<!-- {mark} -->{after}", "utf-8")


def digits(value):
    """A speed for people."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def processor():
    """The name of this machine's processor."""
    info = pathlib.Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text("utf-8")) if info.exists() else None
    return found[1] if found else platform.processor()
