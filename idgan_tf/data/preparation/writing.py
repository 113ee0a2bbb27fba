"""Writing a prepared dataset: in parallel, resumable after a kill, whole or not at all.

Everything is written to `.<name>.preparing`, which becomes the dataset at the end (`target` says how).
(`files.publishing` would delete what a killed run has done: this is to go on from it.)
Rows are written in chunks; a chunk counts once its line is in `chunks.jsonl`, after its bytes were synced, and as long
as its files stay as they are.
"""

import contextlib
import hashlib
import json
import math
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from absl import logging

from idgan_tf.data.factor_images import FactorImages
from idgan_tf.data.preparation import target
from idgan_tf.data.preparation.grids import Grid
from idgan_tf.data.preparation.opening import open_files, open_source
from idgan_tf.data.preparation.sources import Together
from idgan_tf.data.preparation.tfds_source import TfdsSource, open_tfds
from idgan_tf.errors import DataError, counted
from idgan_tf.files import NOT_OURS, remedy
from idgan_tf.progress import bar

CHUNK_BYTES = 8 << 20
POLICIES = ("error", "skip")


def prepare(dataset, path, on_error="error", max_skipped=100, replace=False):
    """Writes `dataset.folder` from the files at `path`; ends at once where that is done already.

    Args:
        dataset: a `prepared.PreparedDataset`.
        path: folder or archive, or "tfds" or "tfds:<data_dir>" for what TFDS has prepared.
        on_error: "error" stops at the first bad image, and where a published archive or TFDS does not hold the full
            number of images; "skip" leaves bad images out, and warns of a wrong number.
        max_skipped: so many may be left out.
        replace: whether to write it anew beside what is there, of whatever source, and to exchange the two at the end.

    Returns:
        The manifest.

    Raises:
        DataError: files are missing or bad, the target cannot be written, or was written from another source. What had
            been done before stays, for the same command to go on, and the message says so; where it was nothing,
            nothing is left behind.
    """
    with _writing(dataset):
        if replace:
            target.check_replaceable(dataset.folder)
        elif not target.is_cut(dataset.folder) and (manifest := target.kept(dataset, path)):
            return manifest
        work = target.work_folder(dataset.folder)
        with target.only_one(work):
            target.recover(work, dataset.folder, replace)
            manifest = None if replace else target.kept(dataset, path)  # another process may have finished it by now
            return manifest or _prepared(dataset, path, work, on_error, max_skipped)


def _prepared(dataset, path, work, on_error, max_skipped):
    """The manifest, once all is written. Where it cannot be, only what the same command can go on from stays."""
    interrupted, job = (work / "plan.json").exists(), None
    try:
        with _writing(dataset):
            work.mkdir(exist_ok=True)
            job = _opened(dataset, path, work, on_error, max_skipped)
            return job.run()
    except Exception as error:
        kept = job.done if job else interrupted  # the path may be mistyped
        if not kept:
            shutil.rmtree(work, ignore_errors=True)
        elif isinstance(job, _Work) and isinstance(error, DataError):
            raise DataError(f"{error} ({job.progress}; the same command goes on from there)") from error
        raise


@contextlib.contextmanager
def _writing(dataset):
    try:
        yield
    except OSError as error:
        choose = remedy(error, "pass --data_dir with a folder")
        raise DataError(f"cannot write {dataset.folder}: {error.strerror or error}; {choose}") from error


class Part(NamedTuple):
    """A chunk that is done.

    Attributes:
        skipped: [row, why it was left out] of its images.
        state: of the files that it was made of (see `sources.Source.state`).
    """

    skipped: list
    state: str


class _Work:
    """One preparation: what is to do, what is done.

    Attributes:
        done: {chunk: `Part`}.
    """

    def __init__(self, dataset, source, work, on_error, max_skipped):
        self.dataset, self.source, self.work = dataset, source, work
        self.on_error, self.max_skipped, self.done = on_error, max_skipped, {}
        find = dataset.find_tfds if isinstance(self.source, TfdsSource) else dataset.find
        found = find(self.source)
        self.class_names, self.notes = found.class_names, found.notes
        self._check_count(len(found.items) if found.full is None else found.full)
        self.items = [item for item in found.items if dataset.keep(item)]
        if not self.items:
            raise DataError(f"{source.path} holds no image that {dataset.name} keeps (crop: {dataset.crop})")
        self._check_items()
        self.row_bytes = math.prod(dataset.image_shape)
        self.rows_per_chunk = max(1, CHUNK_BYTES // self.row_bytes)
        self.num_chunks = -(-len(self.items) // self.rows_per_chunk)
        self.plan = {"rule": dataset.rule, "source": self.source.fingerprint()}
        self.plan |= {"notes": list(self.notes)} if self.notes else {}
        known = dataset.labels_of(source)
        self.plan |= {"labels": known} if known else {}

    @property
    def progress(self):
        return f"{len(self.done)} of {self.num_chunks} parts are kept in {self.work}"

    def _check_items(self):
        """Refuses labels without a class, and more files that are missing than may be left out."""
        for item in self.items if self.class_names else ():
            if not -1 <= item.label < len(self.class_names):
                classes = len(self.class_names)
                raise DataError(
                    f"{self.source.path}: {item.name} has label {item.label}, but there are {classes} classes"
                )
        missing = [item.name for item in self.items if item.name not in self.source]
        if len(missing) > (self.max_skipped if self.on_error == "skip" else 0):
            remedy = "raise --max_skipped" if self.on_error == "skip" else "pass --on_error=skip to do without"
            more = f" and {len(missing) - 1:,} others" if len(missing) > 1 else ""
            raise DataError(
                f"{self.source.path} has no {missing[0]}{more}, of which its tables speak; get it again, or {remedy}"
            )

    def _check_count(self, count):
        full = self.dataset.full_count
        if not full or count == full:
            return
        message = f"{self.source.path} holds {counted(count, 'image')}; the full set has {full:,}"
        if self.on_error == "error" and _is_published(self.source, self.dataset.archives):
            raise DataError(f"{message}; get it again, or pass --on_error=skip to use what is there")
        logging.warning("%s", message)

    def run(self):
        self._resume()
        shape = (len(self.items), *self.dataset.image_shape)
        with target.create(self.work / "images.npy", shape) as (descriptor, offset):
            self._write_chunks(descriptor, offset)
        if any(part.state != self._state(chunk) for chunk, part in self.done.items()):
            raise DataError(f"{self.source.path} changed while it was read; start again")
        return self._commit([tuple(entry) for chunk in sorted(self.done) for entry in self.done[chunk].skipped])

    def _resume(self):
        """Finds in `done` what an interrupted run of the same plan did of files that are still the same."""
        plan_file, chunks_file = self.work / "plan.json", self.work / "chunks.jsonl"
        of_bytes = {key: value for key, value in self.plan["source"].items() if key != "listing_sha256"}  # see `Part`
        items = hashlib.sha256(repr(self.items).encode()).hexdigest()
        plan = {"rule": self.dataset.rule, "source": of_bytes, "items_sha256": items}
        try:
            same = json.loads(plan_file.read_text("utf-8")) == plan
        except NOT_OURS:
            same = False
        if same and chunks_file.exists():
            for line in chunks_file.read_text("utf-8").splitlines():
                with contextlib.suppress(ValueError):  # a line cut by a kill
                    chunk, *part = json.loads(line)
                    part = Part(*part)
                    if part.state == self._state(chunk) and (not part.skipped or self.on_error == "skip"):
                        self.done[chunk] = part
        else:
            (self.work / "images.npy").unlink(missing_ok=True)
        plan_file.write_text(json.dumps(plan), "utf-8")
        chunks_file.write_text("".join(json.dumps((chunk, *part)) + "\n" for chunk, part in self.done.items()), "utf-8")

    def _items_of(self, chunk):
        return self.items[chunk * self.rows_per_chunk : (chunk + 1) * self.rows_per_chunk]

    def _state(self, chunk):
        return self.source.state(sorted({item.name for item in self._items_of(chunk)}))

    def _write_chunks(self, descriptor, offset):
        todo = [chunk for chunk in range(self.num_chunks) if chunk not in self.done]
        if len(todo) < self.num_chunks:
            logging.info("continuing: %d of %d parts are done", self.num_chunks - len(todo), self.num_chunks)
        threads = os.cpu_count() or 1
        total, before = len(self.items), (self.num_chunks - len(todo)) * self.rows_per_chunk
        progress = bar(what=self.dataset.name, unit="images", total=total, done=min(total, before))
        num_skipped = sum(len(part.skipped) for part in self.done.values())
        with progress, ThreadPoolExecutor(threads) as pool, open(self.work / "chunks.jsonl", "a") as log:
            for first in range(0, len(todo), threads):  # as many chunks in memory as there are threads
                futures = {chunk: pool.submit(self._read_chunk, chunk) for chunk in todo[first : first + threads]}
                for chunk, future in futures.items():
                    images, part = future.result()
                    num_skipped += len(part.skipped)
                    if num_skipped > self.max_skipped:
                        raise DataError(
                            f"more than {counted(self.max_skipped, 'bad image')}, the last: {part.skipped[-1][1]}; "
                            "is --source right? if so, raise --max_skipped"
                        )
                    target.write_all(descriptor, images, offset + chunk * self.rows_per_chunk * self.row_bytes)
                    os.fsync(descriptor)
                    log.write(json.dumps((chunk, *part)) + "\n")
                    log.flush()
                    self.done[chunk] = part
                    progress.update(len(images))

    def _read_chunk(self, chunk):
        """(uint8 [rows, H, W, C], `Part`)."""
        items, state = self._items_of(chunk), self._state(chunk)
        images = np.zeros((len(items), *self.dataset.image_shape), np.uint8)
        skipped = []
        for row, item in enumerate(items):
            try:
                images[row] = self.dataset.read(self.source, item)
            except DataError as error:
                if self.on_error == "error":
                    raise DataError(f"{error}, or pass --on_error=skip") from error
                skipped.append((chunk * self.rows_per_chunk + row, str(error)))
        return images, Part(skipped, state)

    def _commit(self, skipped):
        kept = np.setdiff1d(np.arange(len(self.items)), [row for row, _ in skipped])
        if not len(kept):
            self.done.clear()  # nothing of use
            raise DataError(f"no image of {self.source.path} can be used; the first: {skipped[0][1]}")
        files = ["images.npy"]
        if self.class_names:
            np.save(self.work / "labels.npy", np.array([self.items[i].label for i in kept], np.int32))
            files.append("labels.npy")
        if skipped:
            self._drop_skipped(kept)
        manifest = target.commit(self.dataset, self.work, self.plan, len(kept), files, self.class_names, skipped)
        if skipped:
            logging.warning(
                "%s: left out %s, listed in manifest.json", self.dataset.name, counted(len(skipped), "bad image")
            )
        target.say_classes(self.class_names, [self.items[i].label for i in kept], self.notes)
        return manifest

    def _drop_skipped(self, kept):
        rows = np.load(self.work / "images.npy", mmap_mode="r", allow_pickle=False)
        shape = (len(kept), *self.dataset.image_shape)
        with target.create(self.work / "kept.npy", shape) as (descriptor, offset):
            for first in range(0, len(kept), self.rows_per_chunk):
                part = rows[kept[first : first + self.rows_per_chunk]]
                target.write_all(descriptor, part, offset + first * self.row_bytes)
        del rows
        (self.work / "chunks.jsonl").unlink()  # rows are numbered anew: who goes on from here starts again
        self.done.clear()
        os.replace(self.work / "kept.npy", self.work / "images.npy")


def _opened(dataset, path, work, on_error, max_skipped):
    try:
        source = _open(dataset, str(path), work)
        if isinstance(dataset, FactorImages):
            return Grid(dataset, source, work)
        return _Work(dataset, source, work, on_error, max_skipped)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}; mend it, or get it again") from error


def _open(dataset, path, scratch):
    kind, _, data_dir = path.partition(":")
    if kind != "tfds":
        if isinstance(dataset, FactorImages) and dataset.files:
            return open_files(path, dataset.files)
        return open_source(path, scratch, dataset.archives, dataset.tables, dataset.layout)
    if not dataset.tfds:
        raise DataError(f"TFDS has no {dataset.name}; pass --source=PATH, where PATH holds {dataset.layout}")
    return open_tfds(dataset.tfds, data_dir)


def _is_published(source, archives):
    """Whether a source claims to be the published data; a folder, or an archive of another name, may be a part."""
    return isinstance(source, (Together, TfdsSource)) or source.path.name in archives
