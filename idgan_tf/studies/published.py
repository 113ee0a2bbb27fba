"""The numbers that the papers print, for a look beside our own."""

import csv
import functools
import pathlib
import re
from typing import NamedTuple

FILE = pathlib.Path(__file__).with_name("published.csv")
COUNTED = re.compile(r"(fid|fid_dsprites|kid|inception_score)\d+k?")  # names that carry their sample count


class Published(NamedTuple):
    """One number as printed: `mean`, `std` over runs or "", and where."""

    mean: str
    std: str
    paper: str
    table: str

    def __str__(self):
        return f"{self.mean}{self.std and f' ± {self.std}'} ({self.paper}, Table {self.table})"


@functools.cache
def _numbers():
    """{(method, dataset, metric): [Published]}."""
    found = {}
    with open(FILE, newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            number = Published(row["mean"], row["std"], row["paper"], row["table"])
            found.setdefault((row["method"], row["dataset"], row["metric"]), []).append(number)
    return found


def of(method, dataset, metric):
    """The `Published` numbers of a metric; [] where no paper prints one.

    Args:
        method, dataset: as in gin/<method>_<dataset>.gin.
        metric: its name, with or without a sample count ("fid50k").
    """
    counted = COUNTED.fullmatch(metric)
    return _numbers().get((method, dataset, counted[1] if counted else metric), [])


def method_of(gin_file, dataset):
    """Which `method` of published.csv a gin file trains on a dataset: "idgan" of gin/idgan_dsprites.gin on "dsprites".

    None of the gin file of another dataset, and of one whose name has another form.
    """
    stem, ending = pathlib.PurePath(gin_file).stem, f"_{dataset}"
    return stem.removesuffix(ending) if stem.endswith(ending) else None
