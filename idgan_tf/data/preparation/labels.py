"""Which class an image belongs to: of folders, and of a file of labels."""

import csv
import hashlib
import io
import json
import pathlib
import unicodedata

from idgan_tf.data.preparation.pictures import shortened
from idgan_tf.errors import DataError, counted
from idgan_tf.files import at_home
from idgan_tf.image_files import SUFFIXES

SPLITS = {
    "train", "training", "training_set", "test", "testing", "test_set", "val", "valid", "validation", "validation_set",
    "eval", "dev", "unlabeled", "unlabelled",
}  # fmt: skip
MEANINGLESS = {"images", "image", "imgs", "img"}  # between a class and its images, or above all classes
TABLES = (".csv", ".tsv", ".json", ".jsonl")
LABELS = ("label", "class")  # the column of classes
FILES = ("file_name", "filename", "file", "path", "image")  # that of files, where it is not the first
ADVICE = "name the classes in a file, ImageFolder.labels_file, or bind ImageFolder.labels = False"


def of_folders(path, names):
    """Classes by folder: the uppermost ones that differ, below folders of splits.

    Folders that all images lie in are passed over, and so is `images`.

    Args:
        path: of the source, for messages.
        names: of the images, with "/".

    Returns:
        ({name: class}, [lines about what was taken for what]); images of a split without classes are not in it.

    Raises:
        DataError: an image lies in no folder, there are no classes, or it cannot be told which folders they are.
    """
    parts = {name: _meaningful(name) for name in names}
    folders = set(parts.values())
    depth = _common(folders)
    above = next(iter(folders))[:depth]
    splits = {folder[depth] for folder in folders if len(folder) > depth and folder[depth].lower() in SPLITS}
    with_more = {folder[depth] for folder in folders if len(folder) > depth + 1}
    if splits and all(folder[depth : depth + 1] and folder[depth] in splits for folder in folders):
        return _below_splits(path, parts, depth, above, splits, with_more)
    if splits & with_more:
        others = sorted({folder[depth] if folder[depth:] else "an image" for folder in folders} - splits)
        raise DataError(
            f"{path}: {shortened(sorted(splits & with_more))} looks like a split that has classes below it, but "
            f"{shortened(others)} lies beside it; move one away, or {ADVICE}"
        )
    stray = next((name for name, folder in parts.items() if len(folder) <= depth), None)
    if stray:
        raise DataError(f"{path}: {stray} lies in no class folder; move it, or {ADVICE}")
    classes = {name: folder[depth] for name, folder in parts.items()}
    where = f"in {'/'.join(above)}" if above else "at the top"
    return classes, [f"a class is a folder {where} of {path}", *_deeper(parts.values(), depth + 1)]


def _below_splits(path, parts, depth, above, splits, with_more):
    if not with_more:
        raise DataError(f"{path} holds {', '.join(sorted(splits))} and no class folders below; {ADVICE}")
    below = {}  # {split: how many of its folders say nothing: training_set/training_set}
    for split in splits:
        inner = {folder[depth:] for folder in parts.values() if folder[depth] == split and len(folder) > depth + 1}
        below[split] = 1
        while inner and all(folder[below[split]].lower() in SPLITS and folder[below[split] + 1 :] for folder in inner):
            below[split] += 1
    starts = {name: depth + below[folder[depth]] for name, folder in parts.items()}
    classes = {name: folder[starts[name]] for name, folder in parts.items() if len(folder) > starts[name]}
    stray = [name for name in parts if name not in classes]
    mixed = next((name for name in stray if parts[name][depth] in with_more), None)
    if mixed:
        raise DataError(f"{path}: {mixed} lies in no class folder; move it, or {ADVICE}")
    joined = ", ".join("/".join((*above, split)) for split in sorted(with_more))
    notes = [f"a class is a folder in {joined} of {path}"]
    notes += _deeper([folder[starts[name] :] for name, folder in parts.items()], 1)
    if stray:
        where = ", ".join(sorted({parts[name][depth] for name in stray}))
        notes.append(f"left out {counted(len(stray), 'image')} of {where}, which has no class folders")
    return classes, notes


def _meaningful(name):
    return tuple(part for part in name.split("/")[:-1] if part.lower() not in MEANINGLESS)


def _common(folders):
    """How many folders all of `folders` lie in, so that each is left one that may be a class."""
    depth = 0
    while len({folder[: depth + 1] for folder in folders}) == 1 and all(len(folder) > depth + 1 for folder in folders):
        depth += 1
    return depth


def _deeper(folders, depth):
    """A line about folders that are no classes, as they lie below one."""
    deeper = sorted({folder[depth] for folder in folders if len(folder) > depth})
    return [f"folders below a class are none: {shortened(deeper)}"] if deeper else []


def tables_of(source):
    """Files of a source that may say classes."""
    return source.files(suffixes=TABLES)


def file_of(source, labels_file):
    """(bytes, where they are) of a file of labels: in the source, or of that path.

    Raises:
        DataError: there is no such file.
    """
    found = [name for name in source.files() if name == labels_file or name.endswith(f"/{labels_file}")]
    path = at_home(labels_file)
    if len(found) == 1:
        return source.read(found[0]), f"{source.path}: {found[0]}"
    if not found and path.is_file():
        return path.read_bytes(), str(path)
    tables = shortened(tables_of(source)) or "none"
    raise DataError(f"{source.path} holds {len(found)} files {labels_file}; its tables are {tables}")


def of_file(source, names, labels_file):
    """Classes by a file of labels (see `docs/data.md`): in the source, or of that path.

    Returns:
        ({name: class}, [lines about what was taken for what]); images that the file does not name are not in it.

    Raises:
        DataError: there is no such file, it is damaged, says two things of an image, or names none of them.
    """
    data, what = file_of(source, labels_file)
    entries = _entries(data, what, names)
    known = _named(names, entries)
    classes = {}
    for entry, label in entries.items():
        meant = known.get(entry, [])
        if len(meant) > 1:
            raise DataError(f"{what}: {entry} may be {meant[0]} or {meant[1]}; write their folders")
        if meant and classes.setdefault(meant[0], label) != label:
            raise DataError(f"{what} says {classes[meant[0]]!r} and {label!r} of {meant[0]}")
    if not classes:
        named = shortened(entries) or "nothing"
        raise DataError(f"{what} names none of the {counted(len(names), 'image')}, but {named}")
    notes = [f"classes are those of {what} (sha256 {hashlib.sha256(data).hexdigest()[:12]})"]
    missing = [entry for entry in entries if entry not in known]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        notes.append(f"it names {counted(len(missing), 'image')} that {are} not there: {shortened(missing)}")
    unnamed = [name for name in names if name not in classes]
    if unnamed:
        notes.append(f"left out {counted(len(unnamed), 'image')} that it does not name: {shortened(unnamed)}")
    return classes, notes


def _named(names, entries):
    """{entry: names of images that it may mean}: the end of the name, with or without its suffix; first the whole."""
    known, whole = {}, {composed(name): name for name in names if composed(name) in entries}
    for name in names:
        stem = name[: -len(pathlib.PurePosixPath(name).suffix) or None]
        for text in {composed(name), composed(stem)}:
            ends = [text, *(text[place + 1 :] for place, letter in enumerate(text) if letter == "/")]
            for end in ends:
                if end in entries:
                    known.setdefault(end, []).append(name)
    return known | {entry: [name] for entry, name in whole.items()}


def composed(text):
    """A text whose accents are parts of their letters (NFC): macOS writes them apart in the names of files."""
    return unicodedata.normalize("NFC", text)


def _entries(data, what, names):
    """{file: class} of a file of labels for the images `names`."""
    try:
        text = composed(data.decode("utf-8-sig"))
        pairs = _of_json(text) if text.lstrip()[:1] in ("{", "[") else _of_csv(text, what, names)
    except UnicodeDecodeError as error:
        raise DataError(f"{what} is not in UTF-8; save it so") from error
    except (ValueError, TypeError, KeyError, RecursionError, csv.Error) as error:
        raise DataError(f"{what} is no file of labels ({error}); docs/data.md says how one looks") from error
    entries = {}
    for file, label in pairs:
        file, label = _path(str(file)), str(label).strip()
        if not file or not label:
            raise DataError(f"{what}: {file or label or 'a line'} lacks its {'class' if file else 'file'}")
        if entries.setdefault(file, label) != label:
            raise DataError(f"{what} says {entries[file]!r} and {label!r} of {file}")
    return entries


def _path(text):
    """What a file of labels calls an image, as a source does."""
    return text.strip().replace("\\", "/").removeprefix("./")


def _of_json(text):
    """Pairs of {"a.png": "cat", ...}, of {"labels": [["a.png", 3], ...]}, as StyleGAN has it, or of `_records`."""
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError:
        found = [json.loads(line, object_pairs_hook=_once) for line in text.splitlines() if line.strip()]  # records
    if isinstance(found, dict) and isinstance(found.get("labels"), list):
        found = found["labels"]
    if isinstance(found, list) and found and all(isinstance(each, dict) for each in found):
        found = [_record(each) for each in found]
    elif isinstance(found, dict) and set(found) & set(FILES) and set(found) & set(LABELS):
        found = [_record(found)]
    elif isinstance(found, list) and not all(isinstance(each, list) for each in found):
        raise ValueError("neither records nor pairs of a file and its class")
    pairs = list(found.items()) if isinstance(found, dict) else [(file, label) for file, label in found]
    if any(isinstance(label, (dict, list, float)) or label is None for _, label in pairs):
        raise ValueError("a class is a text or a whole number")
    return pairs


def _once(pairs):
    """The dict of `pairs`, where Python's own reader would take the last of two that have one name."""
    found = {}
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            raise ValueError(f"{name!r} stands in it twice")
    return found


def _record(record):
    """(file, class) of {"file_name": "a.png", "label": "cat", ...}, as Hugging Face has it."""
    file, label = (next((key for key in keys if key in record), keys[0]) for keys in (FILES, LABELS))
    return record[file], record[label]


def _of_csv(text, what, names):
    """Pairs of lines below one that names the columns: the file in the first, or in one of `FILES`; its class in one
    of `LABELS`.
    """
    first = text.partition("\n")[0]
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=max("\t;,", key=first.count))
    columns = [name.strip().lower() for name in header]
    is_image = not set(columns) & set(LABELS) and _named(names, [_path(cell) for cell in header[:1]])
    if columns and (columns[0].endswith(SUFFIXES) or is_image):
        raise DataError(f"{what} begins with an image; its first line must name the columns, such as name,label")
    chosen = [number for number, name in enumerate(columns) if name in LABELS] or ([1] if len(columns) == 2 else [])
    if len(chosen) != 1 or len(columns) < 2:
        raise DataError(f"{what} has columns {', '.join(header)}; one must be named label")
    named = [number for number, name in enumerate(columns) if name in FILES and number != chosen[0]]
    file = named[0] if named else 0 if chosen[0] else 1
    for number, row in enumerate(rows, 2):
        if row and len(row) != len(columns):
            raise DataError(f"{what}: line {number} has {len(row)} columns, not {len(columns)}")
    return [(row[file], row[chosen[0]]) for row in rows if row]
