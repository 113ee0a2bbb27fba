"""What a column of a study asks for: a metric, or a metric of given codes.

"fid_dsprites:prior" is fid_dsprites with `generation.codes = "prior"`: of c ~ N(0, I), whoever draws;
"fid_dsprites:training" of those of the training, c ~ q(c) of ID-GAN and of VAEs. Without codes in its name a metric
draws as the method does unasked: a VAE of the prior, a GAN as in its training. What else a metric says is a value,
"fid_dsprites_even:prior" so, too.
"""

import re

from idgan_tf.errors import require

CODES = ("training", "prior")


def metric_of(column):
    """The metric of a column."""
    return column.partition(":")[0]


def codes_of(column):
    """What a column binds `generation.codes` to, or None.

    Raises:
        ConfigError: there are no such codes.
    """
    _, named, codes = column.partition(":")
    require(not named or codes in CODES, f"no codes {codes!r} of {column}; there are {', '.join(CODES)}")
    return codes or None


def value_of(name):
    """The column of a value of metrics.jsonl: its name without the count, its codes behind a colon."""
    return re.sub(rf"(\d+k?)?(_({'|'.join(CODES)}))?$", lambda end: f":{end[3]}" if end[3] else "", name, count=1)


def by_codes(columns):
    """{codes or None: [metrics]} of columns, in their order: each is one look at a run."""
    found = {}
    for column in columns:
        found.setdefault(codes_of(column), []).append(metric_of(column))
    return found


def bindings_of(codes):
    """The bindings of the columns of such codes."""
    return [f"generation.codes = '{codes}'"] if codes else []
