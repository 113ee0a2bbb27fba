"""Running metrics on a method: which there are, which of them it can have, and what they found."""

import importlib

from absl import logging

from idgan_tf.errors import ConfigError, message
from idgan_tf.evaluation.metric import Result, Unavailable

MODULES = {  # metric -> the file of idgan_tf.evaluation that holds its face; cheap ones first
    "fvm": "fvm",
    "mig": "mig",
    "mi_bounds": "mi_bounds",
    "rid": "rid",
    "factor_fidelity": "factor_fidelity",
    "fid_dsprites": "fid",
    "fid": "fid",
    "kid": "kid",
    "inception_score": "inception_score",
    "label_inception_score": "inception_score",
    "diversity": "diversity",
    "linear_probe": "linear_probe",
    "mlp_probe": "mlp_probe",
    "toy_spread": "toy_spread",
    "modularity": "modularity",
    "sap": "sap",
    "betavae_metric": "betavae_metric",
    "gilbo": "gilbo",
    "dci": "dci",
}

LOWER_IS_BETTER = ("fid_dsprites", "fid", "kid")


def import_all():
    """Makes the parameters of every metric known to gin."""
    for name in MODULES:
        metric(name)


def metric(name):
    """The face of a metric, `(method, dataset, seed) -> Result`.

    Raises:
        ConfigError: there is no such metric.
    """
    if name not in MODULES:
        raise ConfigError(f"no metric {name!r}; there are {', '.join(MODULES)}")
    return getattr(importlib.import_module(f"idgan_tf.evaluation.{MODULES[name]}"), name)


def names(text):
    """(names, whether they were named) of "fvm,mig" or "all".

    Raises:
        ConfigError: an unknown name, or none.
    """
    chosen = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if chosen == ["all"]:
        return list(MODULES), False
    if not chosen:
        raise ConfigError(f"which metrics? pass --metrics=all or some of {', '.join(MODULES)}")
    for name in chosen:
        metric(name)
    return chosen, True


def during_training(method, dataset, chosen, seed, best_score):
    """([line of metrics.jsonl for each metric], score): more is better; the first value of the first possible metric.

    The first line has the best such value of the training so far, too, as best_<name>; `best_score` is the best score
    before. A metric that the method cannot have is left out with a warning; with none left the score is -inf.
    """
    records, score = [], None
    for name, result in evaluate(method, dataset, seed, chosen):
        if not isinstance(result, Result):
            logging.warning("left out %s: %s", name, result)
            continue
        records.append(result.record())
        if score is None:
            key, value = next(iter(result.values.items()))
            sign = -1.0 if name in LOWER_IS_BETTER else 1.0
            score = sign * value
            best = max(score, best_score)
            records[0] = {f"best_{key}": sign * best, **records[0]}
    return records, float("-inf") if score is None else score


def evaluate(method, dataset, seed, chosen):
    """Runs metrics one after another.

    Args:
        method, dataset, seed: what and how.
        chosen: names of metrics.

    Yields:
        (name, `Result`) as they are done, or (name, the reason as text) for one that is left out.
    """
    common = {"seed": seed, "dataset": dataset.name, "source": dataset.source}
    for name in chosen:
        logging.info("evaluating %s", name)
        try:
            result = metric(name)(method, dataset, seed)
        except Unavailable as error:
            yield name, message(error)
        else:
            yield name, Result(result.values, {**common, **result.protocol})
