"""A study: a table of a paper as data, read from the .toml file of its name in tables/, or from any other.

    title, paper          what it repeats
    published             the printed tables that it repeats, by their names in published.csv: what they print of the
                          method and dataset of a row's first gin file stands beside it
    metrics               columns: metrics of bin/evaluate, or of given codes ("fid_dsprites:prior", see `columns`) ...
    values                ... and other values of theirs, or of the last line of the training log
    notes                 sentences that a reader of the table needs
    figures               of its runs, by their names in `visualize.curves`
    runs_of               a study, beside this file or in tables/, whose runs it reads, so that what both have is
                          trained once; by default its own
    budgets_of            a study whose `params` it has where a scale does not give them; by default that of `runs_of`
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
    [[claim]]             see `claims`; main where it is one of the few that the paper is about

The numbers of a study come from its run directories alone (`results.collect`).
"""

import dataclasses
import difflib
import pathlib
import tomllib
import typing

from idgan_tf.errors import ConfigError, require
from idgan_tf.studies import claims, columns, published

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
        require(self.gin, f"the row {self.name!r} has no gin file")
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
    main: bool = False


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
    """A study at one scale: `rows` are all of the table, `chosen` those that the scale runs; `asked` is its --study.

    `scales` are all that it has, by their names.
    """

    name: str
    asked: str
    runs_of: str
    title: str
    paper: str
    notes: list
    figures: list
    columns: list
    rows: list
    claims: list
    scale: Scale
    scales: dict

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


@dataclasses.dataclass(frozen=True)
class _File:
    """What a .toml file holds; the attributes are those of the module's text."""

    title: str
    paper: str
    metrics: list
    scale: dict
    row: list
    claim: list = dataclasses.field(default_factory=list)
    values: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    figures: list = dataclasses.field(default_factory=list)
    published: list = dataclasses.field(default_factory=list)
    runs_of: str = ""
    budgets_of: str = ""


def load(asked, scale):
    """A study at "paper", "cpu" or "smoke".

    Args:
        asked: its name, or the path of a .toml file.
        scale: one of SCALES.

    Raises:
        ConfigError: there is no such study or scale, or something in the file is missing or not known.
    """
    path = _find(asked)
    require(scale in SCALES, f"no scale {scale!r}; there are {', '.join(SCALES)}")
    file = _read(path)
    given = {"metrics": file.metrics, "values": file.values}
    unknown = sorted({*file.published} - {*published.tables()})
    known = "; ".join(published.tables())
    require(not unknown, f"{path}: nothing is known of {'; '.join(unknown)}; there are {known}")
    rows = [_row(table, f"{path}, [[row]] {i}", given, file.published) for i, table in enumerate(file.row, 1)]
    for column in (column for row in [file, *rows] for column in row.metrics):
        columns.codes_of(column)
    told = [_made(Claim, table, f"{path}, [[claim]] {i}") for i, table in enumerate(file.claim, 1)]
    scales = {
        name: _made(Scale, table, f"{path}, [scale.{name}]", name=name)
        for name, table in _known(file.scale, SCALES, f"{path}, [scale]").items()
    }
    require(scale in scales, f"{path} has no [scale.{scale}]; it has {', '.join(scales)}")
    if file.runs_of not in ("", path.stem):
        other = _beside(path, file.runs_of)
        theirs = _read(other).runs_of
        require(not theirs, f"{path}: {other.stem} has no runs of its own, it reads those of {theirs}; name that")
    if lender := _lender(path):
        others = load(lender, scale).scales
        budgets = {"all", "features", *(row.budget for row in rows)}
        scales = {
            name: _with_budgets(found, others[name], budgets) if name in others else found
            for name, found in scales.items()
        }
    ids = [row.id for row in rows]
    require(len(set(ids)) == len(ids), f"{path}: rows of one id would share a run directory; give them other ids")
    for name in (name for row in [*told, scales[scale]] for name in (*row.rows, *getattr(row, "than", ()))):
        require(name in ids, f"{path}: no row is {name!r}; there are {', '.join(ids)}")
    for row in rows:
        require(row.teacher in ("", *ids), f"{path}: no row is {row.teacher!r}, the teacher of {row.id}")
    for claim in told:
        claims.require_sense(claim, f"{path}, the claim {claim.text!r}")
    return Study(
        name=path.stem,
        asked=str(asked),
        runs_of=file.runs_of or path.stem,
        title=file.title,
        paper=file.paper,
        notes=file.notes,
        figures=file.figures,
        columns=[*file.metrics, *file.values],
        rows=rows,
        claims=told,
        scale=scales[scale],
        scales=scales,
    )


def _read(path):
    """The `_File` of a path."""
    try:
        return _made(_File, tomllib.loads(path.read_text("utf-8")), path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error


def _lender(path):
    """The file of the study whose budgets one at `path` has, or None; ConfigError where they go in a circle."""
    chain = [path]
    while name := (file := _read(chain[-1])).budgets_of or file.runs_of:
        if name == chain[-1].stem:  # its own
            break
        chain.append(_beside(chain[-1], name))
        names = [each.stem for each in chain]
        require(len({*names}) == len(names), f"{path}: budgets are borrowed in a circle, {', '.join(names)}")
    return chain[1] if len(chain) > 1 else None


def _with_budgets(scale, other, budgets):
    """A scale, with the `params` of these budgets that it lacks and another study's scale of the same name has."""
    lent = {budget: params for budget, params in other.params.items() if budget in budgets}
    return dataclasses.replace(scale, params={**lent, **scale.params})


def _row(table, where, columns, tables):
    """The `Row` of a [[row]], with what the printed tables say of it."""
    row = _made(Row, table, where, columns, published={})
    return dataclasses.replace(row, published=published.in_tables(tables, row.gin[0], row.dataset))


def _beside(path, name):
    """The file of a study that another at `path` names: beside it, or in tables/."""
    beside = path.with_name(f"{name}.toml")
    return beside if beside.exists() else _find(name)


def _find(asked):
    """The file of a study."""
    path, known = pathlib.Path(asked), names()
    if path.suffix == ".toml":
        require(path.is_file(), f"no study {asked!r}: there is no such file")
        ours = FOLDER / path.name
        require(not ours.exists() or path.samefile(ours), f"{asked} needs another name: {path.stem} is a study already")
        return path
    close = difflib.get_close_matches(str(asked), known, n=3) or known
    require(asked in known, f"no study {asked!r}; there are {', '.join(close)}, or pass the path of a .toml file")
    return FOLDER / f"{asked}.toml"


def _made(kind, table, where, otherwise=None, **fixed):
    """A dataclass from a table of a file.

    Args:
        kind: the dataclass.
        table: {key: value}.
        where: how a message calls the table.
        otherwise: values of keys that it may lack.
        **fixed: attributes that are no keys.

    Raises:
        ConfigError: a key is not known or missing, or its value is of another type.
    """
    fields = {field.name: field for field in dataclasses.fields(kind) if field.name not in fixed}
    types = typing.get_type_hints(kind)
    given = {**(otherwise or {}), **_known(table, fields, where)}
    for name, field in fields.items():
        needed = field.default is field.default_factory is dataclasses.MISSING
        require(name in given or not needed, f"{where} lacks the key {name!r}")
        if name in given:
            right = isinstance(given[name], (int, float) if types[name] is float else types[name])
            require(right, f"{where}: {name} is no {types[name].__name__}: {given[name]!r}")
    return kind(**given, **fixed)


def _known(table, keys, where):
    """The table, none of whose keys is another than these."""
    require(isinstance(table, dict), f"{where} is no table")
    for key in table:
        require(key in keys, f"{where} has no key {key!r}; there are {', '.join(keys)}")
    return table
