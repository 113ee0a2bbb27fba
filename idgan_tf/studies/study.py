"""A study: a table of a paper as data, read from the .toml file of its name.

    title, paper          what it repeats
    published             the printed tables that it repeats, by their names in published.csv: what they print of the
                          method and dataset of a row's first gin file stands beside it
    metrics               columns: metrics of bin/evaluate ...
    values                ... and other values of theirs, or of the last line of the training log
    notes                 sentences that a reader of the table needs
    figures               of its runs, by their names in `visualize.curves`
    runs_of               a study whose runs it reads, so that what both have is trained once; by default its own
    [scale.<name>]        paper, cpu and smoke:
        seeds             runs of every row
        params.<budget>   bindings of the rows of that budget; of feature networks, "features"; of every row, "all"
        gin               gin files read after those of every row, such as the protocol of `train.metrics`
        evaluation        bindings of the metrics
        rows, datasets    the rows that are part of it, by their ids and data sets; all where neither is given
        data.<dataset>    a gin file read after those of the rows (and feature networks) of that data set: where its
                          images are, or how they are scored
        decides           whether its numbers can answer the claims
    [[row]]
        id                name of its run directory; by default the stem of its first gin file
        name, dataset     what the table calls it
        gin, params       gin files, and bindings at every scale
        budget            which `params` of the scale
        teacher           the id of the row whose run is its first stage
        metrics, values   its columns, where it cannot have all
    [[claim]]             see `claims`

The numbers of a study come from its run directories alone (`results.collect`).
"""

import dataclasses
import difflib
import pathlib
import tomllib

from idgan_tf.errors import ConfigError, require
from idgan_tf.studies import published

FOLDER = pathlib.Path(__file__).parent / "tables"
SCALES = ("paper", "cpu", "smoke")


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table; the attributes are those of [[row]] in the module's text.

    Attributes:
        published: {column: [mean] or [mean, std]}.
    """

    name: str
    dataset: str
    gin: list
    budget: str
    metrics: list
    values: list
    id: str = ""
    params: list = dataclasses.field(default_factory=list)
    teacher: str = ""
    published: dict = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "id", self.id or pathlib.Path(self.gin[0]).stem)


@dataclasses.dataclass(frozen=True)
class Claim:
    """What the paper says of the table, or this project promises; `claims.CHECKS` says what the fields mean."""

    text: str
    where: str
    check: str
    metrics: list
    rows: list
    than: list = dataclasses.field(default_factory=list)
    value: float = 1.0


@dataclasses.dataclass(frozen=True)
class Scale:
    """A budget; the attributes are those of [scale.<name>] in the module's text."""

    name: str
    seeds: int
    gin: list = dataclasses.field(default_factory=list)
    params: dict = dataclasses.field(default_factory=dict)
    evaluation: list = dataclasses.field(default_factory=list)
    rows: list = dataclasses.field(default_factory=list)
    datasets: list = dataclasses.field(default_factory=list)
    data: dict = dataclasses.field(default_factory=dict)
    decides: bool = True


@dataclasses.dataclass(frozen=True)
class Study:
    """A study at one scale: `rows` are all of the table, `chosen` those that the scale runs."""

    name: str
    runs_of: str
    title: str
    paper: str
    notes: list
    figures: list
    columns: list
    rows: list
    claims: list
    scale: Scale

    @property
    def chosen(self):
        scale = self.scale
        return [
            row
            for row in self.rows
            if (not scale.rows or row.id in scale.rows) and (not scale.datasets or row.dataset in scale.datasets)
        ]

    def row(self, name):
        return next(row for row in self.rows if row.id == name)


def names():
    """The studies there are."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name, scale):
    """The study of that name at "paper", "cpu" or "smoke".

    Raises:
        ConfigError: there is no such study or scale.
    """
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=3) or names()
        raise ConfigError(f"no study {name!r}; there are {', '.join(close)}")
    if scale not in SCALES:
        raise ConfigError(f"no scale {scale!r}; there are {', '.join(SCALES)}")
    data = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    metrics, values, tables = data["metrics"], data.get("values", []), data.get("published", [])
    unknown = sorted({*tables} - {*published.tables()})
    require(not unknown, f"{name}: nothing is known of {'; '.join(unknown)}; there are {'; '.join(published.tables())}")
    return Study(
        name=name,
        runs_of=data.get("runs_of", name),
        title=data["title"],
        paper=data["paper"],
        notes=data.get("notes", []),
        figures=data.get("figures", []),
        columns=[*metrics, *values],
        rows=[_row(row, metrics, values, tables) for row in data["row"]],
        claims=[Claim(**claim) for claim in data["claim"]],
        scale=Scale(scale, **data["scale"][scale]),
    )


def _row(row, metrics, values, tables):
    """The `Row` of a [[row]], with what the printed tables say of it."""
    printed = published.in_tables(tables, row["gin"][0], row["dataset"])
    return Row(**{"metrics": metrics, "values": values, **row}, published=printed)
