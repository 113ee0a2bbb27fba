"""The numbers that the papers print, for a look beside our own: all in published.csv."""

import csv
import functools
import pathlib
from typing import NamedTuple

FILE = pathlib.Path(__file__).with_name("published.csv")


class Published(NamedTuple):
    """One number as printed: `mean`, `std` over runs or "", where, and `how` it came here if not from the text."""

    mean: str
    std: str
    paper: str
    table: str
    how: str

    def __str__(self):
        return f"{self.mean}{self.std and f' ± {self.std}'} ({self.where}{self.how and f', {self.how}'})"

    @property
    def where(self):
        """Such as "ID-GAN, Table 2"; the paper alone where the table is not known."""
        return f"{self.paper}{self.table and f', Table {self.table}'}"


@functools.cache
def _numbers():
    """{(method, dataset, metric): [Published]}."""
    found = {}
    with open(FILE, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            number = Published(*(row[name] for name in Published._fields))
            found.setdefault((row["method"], row["dataset"], row["metric"]), []).append(number)
    return found


def of(method, dataset, metric):
    """The `Published` numbers of a metric; [] where no paper prints one.

    Args:
        method, dataset: as in gin/<method>_<dataset>.gin.
        metric: one of bin/evaluate.
    """
    return _numbers().get((method, dataset, metric), [])


def tables():
    """The tables that are printed, such as "ID-GAN, Table 2"."""
    return list(dict.fromkeys(number.where for numbers in _numbers().values() for number in numbers))


def in_tables(wanted, gin_file, dataset):
    """{metric: [mean] or [mean, std]} that some of `tables` print of gin/<method>_<dataset>.gin."""
    method = pathlib.Path(gin_file).stem.removesuffix(f"_{dataset}")
    found = {
        metric: [float(text) for text in (number.mean, number.std) if text]
        for (*row, metric), numbers in _numbers().items()
        for number in numbers
        if row == [method, dataset] and number.where in wanted
    }
    if "fid_dsprites" in found:  # of a network that no paper describes: both distances of ours are for it
        found["fid_dsprites_even"] = found["fid_dsprites"]
    return found


def method_of(gin_file, dataset):
    """Which `method` of published.csv a gin file trains on a dataset: "idgan" of gin/idgan_dsprites.gin on "dsprites".

    None of the gin file of another dataset, and of one whose name has another form.
    """
    stem, ending = pathlib.PurePath(gin_file).stem, f"_{dataset}"
    return stem.removesuffix(ending) if stem.endswith(ending) else None
