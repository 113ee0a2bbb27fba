"""What a person calls the dimensions of a code: dimensions.json beside the run, {"3": "width"}.

`bin/explore` writes it, and so may an editor; `runs.load` gives it to the method, whose `called(3)` is then "c3 width":
the text of figures, of the model card of an export and of the explorer.
"""

import json

from idgan_tf.errors import ConfigError, DataError, message
from idgan_tf.files import NOT_OURS, cannot_write, write_text

LONGEST = 40  # letters of a name, so that it stands beside a picture


def read(run, count):
    """The names of a `run_directory.Run`: `count` texts, "" where a dimension has none; () where nobody named any.

    Raises:
        DataError: the file is not as it should be.
    """
    if not run.dimensions.exists():
        return ()
    names = [""] * count
    try:
        for dimension, name in json.loads(run.dimensions.read_text("utf-8")).items():
            if not 0 <= int(dimension) < count:
                raise ValueError(f"there is no dimension {dimension} of {count}")
            names[int(dimension)] = cleaned(name)
    except (*NOT_OURS, AttributeError) as error:
        raise DataError(
            f'{run.dimensions} must be like {{"3": "width"}} ({message(error)}); mend or delete it'
        ) from error
    return tuple(names)


def write(run, names):
    """Keeps names, texts of all dimensions, beside a `run_directory.Run`; without any the file goes.

    Raises:
        DataError: it cannot be written.
    """
    named = {str(dimension): name for dimension, name in enumerate(names) if name}
    try:
        if named:
            write_text(run.dimensions, json.dumps(named, indent=1) + "\n")
        else:
            run.dimensions.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(run.dimensions, error) from error


def cleaned(name):
    """A name in one line.

    Raises:
        ConfigError: it is no text, has letters that cannot be shown, or too many.
    """
    if not isinstance(name, str):
        raise ConfigError(f"a name is a text, got {name!r}")
    name = " ".join(name.split())
    if not name.isprintable() or len(name) > LONGEST:
        raise ConfigError(f"a name has at most {LONGEST} letters that can be shown, got {name[:60]!r}")
    return name
