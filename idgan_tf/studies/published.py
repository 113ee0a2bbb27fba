"""The numbers that the papers print, for a look beside our own: all in published.csv."""

import csv
import functools
import pathlib
import re
from typing import NamedTuple

from idgan_tf.config import todays

FILE = pathlib.Path(__file__).with_name("published.csv")
STEMS = {  # class -> stem of the gin files, where one class is one method
    "BetaTCVAE": "betatcvae",
    "GAN": "gan",
    "InfoGAN": "infogan",
    "VAEGAN": "vaegan",
    "IDGANVDB": "idgan",
    "IDGANEnd2End": "idgan_end2end",
    "CGAN": "cgan",
    "IBGAN": "ibgan",
    "DCInfoGAN": "dcinfogan",
    "DCGAN": "dcgan",
    "CVAE": "cvae",
    "CVAEGAN": "cvaegan",
    "LabelCGAN": "label_cgan",
    "LabelRelevantVAE": "label_relevant_vae",
}


class Published(NamedTuple):
    """One number as printed: `mean`, `std` over runs or "", and where."""

    mean: str
    std: str
    paper: str
    table: str

    def __str__(self):
        return f"{self.mean}{self.std and f' ± {self.std}'} ({self.where})"

    @property
    def where(self):
        """Such as "ID-GAN, Table 2"."""
        return f"{self.paper}, Table {self.table}"


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
        metric: one of bin/evaluate.
    """
    return _numbers().get((method, dataset, metric), [])


def tables():
    """The tables that are printed, such as "ID-GAN, Table 2"."""
    return list(dict.fromkeys(number.where for numbers in _numbers().values() for number in numbers))


def in_tables(wanted, gin_file, dataset):
    """{metric: [mean] or [mean, std]} that some of `tables` print of gin/<method>_<dataset>.gin."""
    method = pathlib.Path(gin_file).stem.removesuffix(f"_{dataset}")
    return {
        metric: [float(text) for text in (number.mean, number.std) if text]
        for (*row, metric), numbers in _numbers().items()
        for number in numbers
        if row == [method, dataset] and number.where in wanted
    }


def stem(config):
    """Which `method` of published.csv a configuration (the text of a config.gin) is, or None."""
    bound = dict(re.findall(r"^([\w.]+) = \\?\s*(.+)$", todays(config), re.MULTILINE))
    method = bound.get("train.method", "").removeprefix("@").rsplit(".", 1)[-1]
    if method in ("BetaVAE", "FactorVAE"):
        of_ibgan = "dc" if bound.get(f"{method}.encoder") == "@IBMirrorEncoder()" else ""  # in whose tables it is
        name = "vae" if bound.get("BetaVAE.beta") in ("1", "1.0") else method.lower()
        return f"{of_ibgan}{name}"
    if method == "IDGAN":
        if bound.get("IDGAN.lambda_id") in ("0", "0.0"):
            return "idgan_nodistill"
        others = "vae|factorvae|betatcvae|infogan|vaegan|ibgan"
        teacher = re.search(rf"\b({others})_\w+\.gin", bound.get("teacher.gin_file", ""))
        return f"idgan_{teacher[1]}" if teacher else "idgan"
    return STEMS.get(method)
