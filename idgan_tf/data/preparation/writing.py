"""Writing a prepared dataset: in parallel, resumable after a kill, whole or not at all.

Everything is written to `.<name>.preparing` beside the target, which takes its name in one rename at the end.
(`files.publishing` would delete what a killed run has done: this is to go on from it.)
Rows are written in chunks; a chunk counts once its line is in `chunks.jsonl`, after its bytes were synced.
"""

import contextlib
import json
import math
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from absl import logging

from idgan_tf.data.factor_images import FactorImages
from idgan_tf.data.preparation import target
from idgan_tf.data.preparation.grids import Grid
from idgan_tf.data.preparation.sources import Together, open_files, open_source
from idgan_tf.data.preparation.target import commit, create, write_all
from idgan_tf.data.preparation.tfds_source import TfdsSource, open_tfds
from idgan_tf.errors import ConfigError, DataError
from idgan_tf.files import NOT_OURS, claim
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
        DataError: files are missing or bad, the target cannot be written, or was written from another source. Nothing
            is left behind, but for what an interrupted run had done where `path` cannot be read now: it may be
            mistyped.
    """
    target.recover(dataset.folder)
    if not (replace and target.may_be_replaced(dataset.folder)):
        manifest = target.kept(dataset, path)
        if manifest is not None:
            return manifest
        _check_target(dataset.folder)
    work = dataset.folder.with_name(f".{dataset.name}.preparing")
    interrupted = (work / "plan.json").exists()
    try:
        work.mkdir(parents=True, exist_ok=True)
        with _lock(work):
            job = _opened(dataset, path, work, on_error, max_skipped)
            interrupted = False
            return job.run()
    except (DataError, OSError) as error:
        if not interrupted:
            shutil.rmtree(work, ignore_errors=True)
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"cannot write {dataset.folder}: {error.strerror or error}; "
            "make room, or pass --data_dir with a folder that has it"
        ) from error


class _Work:
    """One preparation: what is to do, what is done."""

    def __init__(self, dataset, source, work, on_error, max_skipped):
        self.dataset, self.source, self.work = dataset, source, work
        self.on_error, self.max_skipped = on_error, max_skipped
        find = dataset.find_tfds if isinstance(self.source, TfdsSource) else dataset.find
        found, self.class_names = find(self.source)
        self._check_count(dataset.count(self.source, found))
        self.items = [item for item in found if dataset.keep(item)]
        if not self.items:
            raise DataError(f"{source.path} holds no image that {dataset.name} keeps (crop: {dataset.crop})")
        self.row_bytes = math.prod(dataset.image_shape)
        self.rows_per_chunk = max(1, CHUNK_BYTES // self.row_bytes)
        self.num_chunks = -(-len(self.items) // self.rows_per_chunk)
        self.plan = {"rule": dataset.rule, "count": len(self.items), "source": self.source.fingerprint()}
        self.plan |= {"notes": list(dataset.notes)} if dataset.notes else {}

    def _check_count(self, count):
        full = self.dataset.full_count
        if not full or count == full:
            return
        message = f"{self.source.path} holds {count:,} images; the full set has {full:,}"
        if self.on_error == "error" and _is_published(self.source, self.dataset.archives):
            raise DataError(f"{message}; get it again, or pass --on_error=skip to use what is there")
        logging.warning("%s", message)

    def run(self):
        done = self._resume()
        shape = (len(self.items), *self.dataset.image_shape)
        with create(self.work / "images.npy", shape) as (descriptor, offset):
            self._write_chunks(descriptor, offset, done)
        skipped = [tuple(entry) for chunk in sorted(done) for entry in done[chunk]]
        return self._commit(skipped)

    def _resume(self):
        """{chunk: [(row, reason) it left out]} of an interrupted run of the same plan, else nothing."""
        plan_file, chunks_file = self.work / "plan.json", self.work / "chunks.jsonl"
        done = {}
        try:
            same = json.loads(plan_file.read_text()) == self.plan
        except NOT_OURS:
            same = False
        if same and chunks_file.exists():
            for line in chunks_file.read_text().splitlines():
                with contextlib.suppress(ValueError):  # a line cut by a kill
                    chunk, skipped = json.loads(line)
                    if not skipped or self.on_error == "skip":
                        done[chunk] = skipped
        else:
            (self.work / "images.npy").unlink(missing_ok=True)
        plan_file.write_text(json.dumps(self.plan))
        chunks_file.write_text("".join(json.dumps(entry) + "\n" for entry in done.items()))
        return done

    def _write_chunks(self, descriptor, offset, done):
        todo = [chunk for chunk in range(self.num_chunks) if chunk not in done]
        if len(todo) < self.num_chunks:
            logging.info("continuing: %d of %d parts are done", self.num_chunks - len(todo), self.num_chunks)
        threads = os.cpu_count() or 1
        total, before = len(self.items), (self.num_chunks - len(todo)) * self.rows_per_chunk
        progress = bar(what=self.dataset.name, unit="images", total=total, done=min(total, before))
        num_skipped = sum(map(len, done.values()))
        with progress, ThreadPoolExecutor(threads) as pool, open(self.work / "chunks.jsonl", "a") as log:
            for first in range(0, len(todo), threads):  # as many chunks in memory as there are threads
                futures = {chunk: pool.submit(self._read_chunk, chunk) for chunk in todo[first : first + threads]}
                for chunk, future in futures.items():
                    images, skipped = future.result()
                    num_skipped += len(skipped)
                    if num_skipped > self.max_skipped:
                        raise DataError(
                            f"more than {self.max_skipped} bad images, the last: {skipped[-1][1]}; "
                            "is --source right? if so, raise --max_skipped"
                        )
                    write_all(descriptor, images, offset + chunk * self.rows_per_chunk * self.row_bytes)
                    os.fsync(descriptor)
                    log.write(json.dumps((chunk, skipped)) + "\n")
                    log.flush()
                    done[chunk] = skipped
                    progress.update(len(images))

    def _read_chunk(self, chunk):
        """(uint8 [rows, H, W, C], [(row, reason) of those left out])."""
        start = chunk * self.rows_per_chunk
        items = self.items[start : start + self.rows_per_chunk]
        images = np.zeros((len(items), *self.dataset.image_shape), np.uint8)
        skipped = []
        for row, item in enumerate(items):
            try:
                images[row] = self.dataset.read(self.source, item)
            except DataError as error:
                if self.on_error == "error":
                    raise DataError(f"{error}, or pass --on_error=skip") from error
                skipped.append((start + row, str(error)))
        return images, skipped

    def _commit(self, skipped):
        kept = np.setdiff1d(np.arange(len(self.items)), [row for row, _ in skipped])
        if skipped:
            self._drop_skipped(kept)
        if not len(kept):
            raise DataError(f"no image of {self.source.path} can be used; the first: {skipped[0][1]}")
        files = ["images.npy"]
        if self.class_names:
            np.save(self.work / "labels.npy", np.array([self.items[i].label for i in kept], np.int32))
            files.append("labels.npy")
        manifest = commit(self.dataset, self.work, self.plan, len(kept), files, self.class_names, skipped)
        if skipped:
            logging.warning("%s: left out %d bad images, listed in manifest.json", self.dataset.name, len(skipped))
        target.say_classes(self.class_names, [self.items[i].label for i in kept], self.dataset.notes)
        return manifest

    def _drop_skipped(self, kept):
        rows = np.load(self.work / "images.npy", mmap_mode="r", allow_pickle=False)
        with create(self.work / "kept.npy", (len(kept), *self.dataset.image_shape)) as (descriptor, offset):
            for first in range(0, len(kept), self.rows_per_chunk):
                part = rows[kept[first : first + self.rows_per_chunk]]
                write_all(descriptor, part, offset + first * self.row_bytes)
        del rows
        (self.work / "chunks.jsonl").unlink()  # rows are numbered anew: who goes on from here starts again
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


def _check_target(folder):
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is there but holds no prepared dataset; move it away, or choose another --data_dir")


@contextlib.contextmanager
def _lock(work):
    with open(work / ".lock", "w") as file:
        if not claim(file):
            raise ConfigError(f"{work} is being written by another process; wait for it")
        yield
