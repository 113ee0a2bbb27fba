"""Which files of a source are images: what is in them tells, not their names."""

from absl import logging

from idgan_tf import image_files
from idgan_tf.data.preparation import refusals
from idgan_tf.errors import counted

SHOWN = 3  # of a list in a line


def pictures(source, folder=None):
    """Names of the images of a `sources.Source`; of files that are none, a warning says how many and which.

    Args:
        source: to look through.
        folder: only what lies below a folder of that name.
    """
    names, others = looked_through(source, folder)
    if others:
        logging.warning("%s", left_out(source, others))
    return names


def looked_through(source, folder=None):
    """(names of images, {name: what it is, as far as this helps, or ""} of all other files)."""
    names, others = [], {}
    for name in source.files(folder):
        if image_files.is_picture(name, lambda name=name: source.start(name), lambda name=name: source.read(name)):
            names.append(name)
        else:
            start = source.start(name)
            others[name] = image_files.package_for(start) or refusals.kind_of(name, start)
    return names, others


def left_out(source, others):
    """A line about the files that `looked_through` did not take, first about those of which it says something."""
    ordered = sorted(others, key=lambda name: (not others[name], name))
    shown = [f"{name} ({others[name]})" if others[name] else name for name in ordered]
    return f"left out {counted(len(others), 'file')} of {source.path} (no images here): {shortened(shown)}"


def shortened(names):
    """A list in a line: its first entries, and how many more there are."""
    names = list(names)
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
