"""What was measured of a run: of every metric the newest values, what was measured before, and what papers print."""

import contextlib
import json

from idgan_tf.config import Configuration
from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.metric import metrics
from idgan_tf.run_log import score_of, told, values_of
from idgan_tf.studies import published
from idgan_tf.studies.table import percent

OWN_NETWORK = "The feature network is not the paper's, which it does not describe: compare order and ratio, not values."
ENOUGH = 0.9  # of a paper's steps, for values to be comparable


def newest(records, gin_file):
    """What the table of metrics shows: of every metric the last look at it, with those before in `history`.

    Args:
        records: lines of evaluations.
        gin_file: which trained the run as it stands; "" of another experiment.

    Returns:
        [{"text": what it measures, "step", "values": [(name, value as text)], "published": what papers print, or "",
          "caveats": why not to compare with it, "protocol": how it was measured, "history": sentences}].
    """
    looks = {}
    for record in records:
        of_metric = looks.setdefault(score_of(record), {})
        key = record["step"], json.dumps(_settings(record), sort_keys=True)
        of_metric.pop(key, None)  # measured again
        of_metric[key] = record
    return [
        _shown(metric, score, sorted(found.values(), key=lambda record: record["step"]), gin_file)
        for (metric, score), found in looks.items()
    ]


def _shown(metric, score, records, gin_file):
    *earlier, last = records
    method = published.method_of(gin_file, last["protocol"].get("dataset"))
    papers = "; ".join(map(str, published.of(method, last["protocol"].get("dataset"), metric)))
    known = metrics().get(metric)
    caveats = []
    if papers:
        caveats += [OWN_NETWORK] if known and known.network else []
        caveats += _budget(gin_file, last["step"])
    return {
        "text": f"{metric}: {known.text}" if known else metric,
        "step": last["step"],
        "values": [(name, f"{value:.4g}", papers if name == score else "") for name, value in values_of(last).items()],
        "caveats": caveats,
        "protocol": told(last["protocol"]),
        "history": [_told(record, last, score) for record in reversed(earlier)],
    }


def _budget(gin_file, step):
    """[] of a run of as many steps as the paper's, else [the sentence that says how many]."""
    import idgan_tf.training.build  # noqa: F401 - gin must know `train`

    with contextlib.suppress(ConfigError):
        share = step / Configuration([gin_file], ()).bindings_of("train")["num_steps"]
        return [f"After {percent(share)} of the paper's steps: too few to compare with its values."] * (share < ENOUGH)
    return ["How many steps the paper's value took is not known here."]


def _told(record, last, score):
    """Such as "0.61 at step 4,000 (seed 1)": in brackets, what was asked in another way than of the last."""
    now = _settings(last)
    other = {name: value for name, value in _settings(record).items() if value != now.get(name)}
    return f"{record[score]:.4g} at step {record['step']:,}" + (f" ({told(other)})" if other else "")


def _settings(record):
    """Of a protocol what was asked, as far as it is images, counts, seeds or a checksum; not what was found."""
    protocol = record["protocol"]
    return {
        name: str(value)[:12] if name == "feature_sha256" else value
        for name, value in protocol.items()
        if type(value) is int or name in ("dataset", "source", "feature_sha256")
    }
