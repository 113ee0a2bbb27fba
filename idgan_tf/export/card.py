"""The texts of an export: what its signatures take and give, and where the model comes from."""

import datetime
import importlib.metadata
import json

import numpy as np

from idgan_tf import pretrained
from idgan_tf.run_directory import read_environment
from idgan_tf.run_log import is_evaluation, read_metrics, told, values_of

README = """# {method}

| signature | takes | gives |
|---|---|---|
{rows}

None is any number, the same for inputs that go together. Values that are not as described end with an error.

```python
import tensorflow as tf

model = tf.saved_model.load(".")  # the folder of this file
outputs = model.signatures["{example}"](
{arguments}
)
for name, value in outputs.items():
    print(name, value.shape, float(tf.reduce_min(value)), float(tf.reduce_max(value)))
```

## TensorFlow Serving

The folder above is a model of TensorFlow Serving; its versions are numbered folders like this one.

    docker run -p 8501:8501 -v <folder above, absolute>:/models/model tensorflow/serving
    curl -d '{request}' http://localhost:8501/v1/models/model:predict

## Other files

`networks/*.keras` are the networks one by one, for Keras with idgan_tf installed:

    import {module}, keras
    network = keras.saving.load_model("networks/{network}.keras", compile=False)

`sha256sum -c SHA256SUMS` checks all files.
"""
SHOWN = ("traverse", "generate_class", "classify")  # the signature of the example: the first that there is


def readme(method, outputs):
    """README.md of a SavedModel.

    Args:
        method: the exported method.
        outputs: {signature: {name: tf.TensorSpec}}, what each gives.
    """
    signatures = method.signatures()
    example = next((name for name in SHOWN if name in signatures), next(iter(signatures)))
    inputs = signatures[example].inputs
    network, built = next(iter(method.networks.items()))
    return README.format(
        method=type(method).__name__,
        rows="\n".join(_row(name, signature, outputs[name]) for name, signature in signatures.items()),
        example=example,
        arguments="\n".join(f"    {each.name}={_constant(each)}," for each in inputs),
        request=json.dumps({"signature_name": example, "inputs": {each.name: _value(each) for each in inputs}}),
        module=type(built).__module__,
        network=network,
    )


def _row(name, signature, outputs):
    takes = [f"`{each.name}` {_kind(each.spec)}: {each.text}" for each in signature.inputs]
    texts = signature.gives
    texts = dict.fromkeys(outputs, texts) if isinstance(texts, str) else texts
    gives = [f"`{key}` {_kind(spec)}: {texts[key]}" for key, spec in sorted(outputs.items())]
    return f"| `{name}` | {'<br>'.join(takes)} | {'<br>'.join(gives)} |"


def _kind(spec):
    return f"{spec.dtype.name}{[*spec.shape]}"


def _one(each):
    """The shape of an example of an input: one of what there may be any number of."""
    return [1 if size is None else size for size in each.shape]


def _constant(each):
    """An example of an input as Python."""
    if each.example is not None:
        return f"tf.constant({each.example})"
    return f"tf.zeros({_one(each)}, tf.{each.dtype.name})"


def _value(each):
    """An example of an input as JSON; not of images, which are too long to read."""
    if len(each.shape) > 2:
        return "..."
    return np.zeros(_one(each), each.dtype.as_numpy_dtype).tolist() if each.example is None else each.example


def model_card(run, method, dataset, name=None):
    """MODEL_CARD.md of a run: data and their licence, how it was trained and measured, what it is not.

    Args:
        run: the `run_directory.Run`.
        method, dataset: as loaded.
        name: of the model; by default that of the run.
    """
    height, width, channels = dataset.image_shape
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("idgan_tf", "tensorflow", "keras"))
    source = f"; {dataset.home}" if dataset.home else ""
    lines = [
        f"# {name or run.name}: {type(method).__name__} on {dataset.name}",
        "",
        f"- **Training**: {int(method.step.numpy()):,} steps{_begun(run)}; its configuration ends this file.",
        f"- **Data**: {dataset.name} ({dataset.source}), {height}x{width}x{channels}{source}.",
        f"- **Licence of the data**: {dataset.licence or 'not known to idgan_tf'}. "
        "What may be done with a model of them is for you to find out.",
        "- **Made for**: research on readable codes. It shows what its data show, with their gaps and biases; it has "
        "been measured as below and in no other way.",
        f"- **Written**: {datetime.date.today().isoformat()}, {versions}.",
        *_origin(run),
        *_dimensions(method),
        "",
        "## Metrics",
        "",
        *_metrics(read_metrics(run.metrics)),
        "",
        "## Configuration",
        "",
        *(f"    {line}".rstrip() for line in run.config.read_text("utf-8").splitlines()),
    ]
    return "\n".join(lines) + "\n"


def _begun(run):
    """What a run began with, where it was the weights of another."""
    begun = read_environment(run.environment).get("from_run")
    return f" on the weights of {begun['run']} at step {begun['step']:,}" if begun else ""


def _origin(run):
    """What made a pretrained model, as lines; none of another run."""
    known = pretrained.read(run)
    if not known:
        return []
    trained = read_environment(run.environment)
    on = f" with {trained['packages']} on {trained['machine']}" if trained else ""
    return [
        f"- **Weights**: those of {', '.join(known['networks'])} in half precision, sha256 {known['sha256']}. "
        "The metrics were measured with them.",
        f"- **Trained**: in {known['minutes']:,g} minutes{on}, at commit {known['commit']}, by",
        "",
        *(f"      {command}" for command in known["commands"]),
    ]


def _dimensions(method):
    """What a person called the dimensions of the code, as lines."""
    names = getattr(method, "dimension_names", ())
    named = "; ".join(method.called(dimension) for dimension, name in enumerate(names) if name)
    return ["", f"- **Dimensions of the code, as a person named them**: {named}."] if named else []


def _metrics(records):
    """The newest value of every metric with its protocol, as lines of a table."""
    newest = {}
    for record in filter(is_evaluation, records):
        newest |= {name: (value, record["step"], record["protocol"]) for name, value in values_of(record).items()}
    if not newest:
        return ["None was measured; `bin/evaluate` does."]
    rows, before = ["| metric | value | step | protocol, until the next |", "|---|---|---|---|"], None
    for name, (value, step, protocol) in newest.items():
        how = told({key: value for key, value in protocol.items() if key != "metric"})
        rows.append(f"| {name} | {value:.4g} | {step:,} | {'' if how == before else how} |")
        before = how
    return rows
