"""Arrays of MATLAB files."""

import io

from idgan_tf.errors import DataError, message


def read(source, name, key, what, squeeze=False):
    """An array of a MATLAB file.

    Args:
        source: a `sources.Source` that holds the file `name`.
        key: of the array.
        what: the file should be, for messages.
        squeeze: whether axes of one are left out.

    Raises:
        DataError: the file is empty, cut or damaged, or holds no such array.
    """
    import scipy.io

    data = source.read(name)
    if not data:
        raise DataError(f"{source.path}: {name} is empty (0 bytes); get it again")
    try:
        found = scipy.io.loadmat(io.BytesIO(data), squeeze_me=squeeze, variable_names=[key])
    except Exception as error:  # scipy raises many kinds
        raise DataError(f"{source.path}: {name} is damaged or no {what} ({message(error)}); get it again") from error
    if key not in found:
        raise DataError(f"{source.path}: {name} has no {key!r} and is no {what}; get it again")
    return found[key]
