"""A run as one HTML page: configuration, curves, metrics with their protocol, pictures, and how to repeat it."""

import shlex

from idgan_tf import environment, pretrained
from idgan_tf.config import literals
from idgan_tf.reports.page import escape, page, paragraph, picture, section
from idgan_tf.run_directory import read_environment
from idgan_tf.run_log import read_metrics
from idgan_tf.studies import published

OWN_NETWORK = ", on a feature network that the paper does not describe: compare order and ratio, not values"
WIDTH, HEIGHT, MARGIN = 320, 140, 8  # of a curve, in pixels
MAX_POINTS = 400  # of a curve


def of_run(run):
    """The page of a `run_directory.Run`, as text.

    Raises:
        ConfigError: it is no run.
    """
    run.require_run()
    records, config = read_metrics(run.metrics), run.config.read_text()
    evaluations = [record for record in records if "protocol" in record]
    training = [record for record in records if "protocol" not in record]
    last = max((record["step"] for record in records), default=0)
    sections = [
        f"<p class=quiet>{last:,} steps trained</p>",
        section("Pictures", "".join(picture(path) for path in _pictures(run))),
        section("Metrics", _metrics(evaluations, _gin_file(run))),
        section("Curves", _curves(training)),
        section("Data", paragraph(_data(run))),
        section("Environment", paragraph(_environment(run))),
        section("Configuration", f"<pre>{escape(config)}</pre>"),
        section("To repeat it", f"<pre>{escape(_command(run))}</pre>"),
    ]
    return page(run.name, sections)


def _data(run):
    """What the run was trained on, as it said itself, or else as its configuration calls it."""
    known = read_environment(run.environment)
    if not known:
        return literals(run.config).get("train.dataset", "")
    licence = f"licence: {known['licence']}" if known.get("licence") else ""
    return "; ".join(filter(None, (known.get("data"), known.get("home"), licence)))


def _environment(run):
    known = read_environment(run.environment)
    trained = f"Trained with {known['packages']} on {known['machine']}. " if known else ""
    return f"{trained}This page was made with {environment.packages()}."


def _command(run):
    """What trains such a run; of a pretrained model, what trained it."""
    known = pretrained.read(run)
    if known:
        return "\n".join([f"# commit {known['commit']}", *known["commands"]])
    config, again = shlex.quote(f"{run.path}/config.gin"), shlex.quote(f"runs/{run.name}_again")
    return f"bin/train --gin_file={config} --run_dir={again}"


def _pictures(run):
    """The figures, and the newest picture of each kind from the training where there are no figures yet."""
    figures = sorted(path for path in run.figures.glob("*") if path.suffix in (".png", ".gif"))
    if figures:
        return figures
    newest = {path.stem.rsplit("-", 1)[0]: path for path in sorted(run.samples.glob("*.png"))}
    return list(newest.values())


def _gin_file(run):
    """The gin file that the run was trained with, as it said itself; "" of a run that did not."""
    return read_environment(run.environment).get("experiment", {"gin_files": [""]})["gin_files"][0]


def _metrics(records, gin_file):
    """A table of evaluations, the protocol of each below it, beside the published numbers of what a gin file trains."""
    rows = []
    for record in records:
        dataset = record["protocol"].get("dataset")
        method = published.method_of(gin_file, dataset)
        protocol = ", ".join(
            f"{name} {value}" for name, value in {"step": record["step"], **record["protocol"]}.items()
        )
        for name, value in record.items():
            if name not in ("step", "protocol"):
                printed = "; ".join(map(str, published.of(method, dataset, name)))
                remark = OWN_NETWORK if printed and name.startswith("fid_dsprites") else ""
                cells = (name, f"{value:.4g}", f"{printed}{remark}" or "-")
                rows.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
                rows.append(f"<td colspan=3 class=quiet>{escape(protocol)}</td>")
    if not rows:
        return "<p class=quiet>None was measured; bin/evaluate does.</p>"
    heads = "".join(f"<th>{head}</th>" for head in ("metric", "value", "published"))
    return f"<div class=wide><table>{''.join(f'<tr>{row}</tr>' for row in (heads, *rows))}</table></div>"


def _curves(records):
    names = dict.fromkeys(name for record in records for name in record if name != "step")
    drawn = [_curve(name, [(r["step"], r[name]) for r in records if name in r]) for name in names]
    return f"<div class=curves>{''.join(drawn)}</div>" if drawn else ""


def _curve(name, points):
    """One value over the steps as SVG, thinned to `MAX_POINTS`, with its range and last value below."""
    last = points[-1][1]
    points = [point for point in points if point[1] - point[1] == 0.0]  # finite ones
    if not points:
        return f"<figure><figcaption>{escape(name)}: never finite</figcaption></figure>"
    points = points[:: max(1, len(points) // MAX_POINTS)]
    steps, values = zip(*points, strict=True)
    low, high = min(values), max(values)
    across = (WIDTH - 2 * MARGIN) / max(1, steps[-1] - steps[0])
    up = (HEIGHT - 2 * MARGIN) / ((high - low) or 1.0)
    places = [(MARGIN + (step - steps[0]) * across, HEIGHT - MARGIN - (value - low) * up) for step, value in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role=img aria-label="{escape(name)}">'
        f'<polyline points="{line}"/></svg><figcaption>{escape(name)}: {last:.4g} '
        f"(from {low:.4g} to {high:.4g}, steps {steps[0]:,} to {steps[-1]:,})</figcaption></figure>"
    )
