"""Running metrics on a method: which of them it can have, and what they found."""

from absl import logging

from idgan_tf.errors import message, require
from idgan_tf.evaluation.metric import CODES, Result, Unavailable, better, find, metrics, metrics_of


def listed(text):
    """The names in a text such as "fvm,mig", each once; none of "all"."""
    found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    return [] if found == ["all"] else found


def names(text, kind=None):
    """(names, whether they were named) of "fvm,mig" or "all".

    Args:
        text: what was asked for.
        kind: "codes" or "features" where only those may be that such arrays are enough for.

    Raises:
        ConfigError: an unknown name, or none.
    """
    known, what = (metrics_of(kind), f"metric of {kind}") if kind else (metrics(), "metric")
    if text.strip() == "all":
        return list(known), False
    chosen = listed(text)
    require(chosen, f"which metrics? pass --metrics=all or some of {', '.join(known)}")
    for name in chosen:
        require(name in known, f"no {what} {name!r}; there are {', '.join(known)}")
    return chosen, True


def during_training(method, dataset, chosen, seed, best):
    """([line of metrics.jsonl for each metric], best): what a training writes, and the best it has had so far.

    The best is (name, score), more is better, of the first value of the first possible metric; the first line has it,
    too, as best_<name>. Where the first metric of `chosen` is another than that of the `best` before, it begins anew.
    A metric that the method cannot have is left out with a warning; another in its place leaves the best as it was.
    """
    records = []
    for name, result in evaluate(method, dataset, seed, chosen):
        if not isinstance(result, Result):
            logging.warning("left out %s: %s", name, result)
            continue
        records.append(result.record())
        if len(records) == 1:
            key, value = next(iter(result.values.items()))
            sign = -1.0 if better(name) == "lower" else 1.0
            same = best[0] in (key, None)
            if same or name == chosen[0]:
                best = key, max(sign * value, best[1] if same else float("-inf"))
                records[0] = {f"best_{key}": sign * best[1], **records[0]}
    return records, best


def evaluate(method, dataset, seed, chosen):
    """Runs metrics one after another.

    Args:
        method, dataset, seed: what and how.
        chosen: names of metrics.

    Yields:
        (name, `Result`) as they are done, or (name, the reason as text) for one that is left out.

    Raises:
        ConfigError: a metric gives no `Result`.
    """
    common = {"seed": seed, "dataset": dataset.name, "source": dataset.source}
    for name in chosen:
        logging.info("evaluating %s", name)
        try:
            result = find(name).face(method, dataset, seed)
        except Unavailable as error:
            yield name, message(error)
        else:
            require(isinstance(result, Result), f"the metric {name} must give a Result, it gives {result!r:.60}")
            yield name, _of_codes(Result(result.values, {"metric": name, **common, **result.protocol}))


def _of_codes(result):
    """A `Result` whose names and protocol tell `generation.codes`, where images were generated and it is bound.

    So the scores of two kinds of codes never have one name: fid50k, fid50k_prior.
    """
    from idgan_tf.evaluation.samples import generation

    codes = generation.codes_asked() if "generated" in result.protocol else None
    if codes is None:
        return result
    values = {f"{name}_{codes}": value for name, value in result.values.items()}
    return Result(values, {**result.protocol, CODES: codes})
