"""A run as one HTML page: configuration, curves, metrics with their protocol, pictures, and how to repeat it."""

import base64
import html
import shlex

from PIL import Image

from idgan_tf import environment, pretrained
from idgan_tf.config import literals
from idgan_tf.run_directory import read_environment
from idgan_tf.run_log import read_metrics
from idgan_tf.studies import published

OWN_NETWORK = ", on a feature network that the paper does not describe: compare order and ratio, not values"
WIDTH, HEIGHT, MARGIN = 320, 140, 8  # of a curve, in pixels
MAX_POINTS = 400  # of a curve
LARGE = 700  # pixels; wider pictures have small letters, so a phone scrolls them instead of shrinking them
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; color: #222; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; } .quiet { color: #666; }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
figure { margin: 0 0 1rem; overflow-x: auto; } figcaption { font-size: .9rem; color: #444; }
figure img { max-width: 100%; height: auto; } figure .large { max-width: max(100%, 40rem); }
svg { width: 100%; height: auto; background: #f7f7f7; border-radius: 4px; }
polyline { fill: none; stroke: #2266cc; stroke-width: 1.5; }
table { border-collapse: collapse; } td, th { padding: .25rem 1rem .25rem 0; text-align: left; vertical-align: top; }
[colspan] { padding-bottom: .75rem; border-bottom: 1px solid #ddd; font-size: .85rem; overflow-wrap: anywhere; }
pre, .wide { overflow-x: auto; } pre { background: #f7f7f7; padding: 1rem; border-radius: 4px; font-size: .85rem; }
"""


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
        section("Metrics", _metrics(evaluations, published.stem(config))),
        section("Curves", _curves(training)),
        section("Data", _paragraph(_data(run))),
        section("Environment", _paragraph(_environment(run))),
        section("Configuration", f"<pre>{_escape(config)}</pre>"),
        section("To repeat it", f"<pre>{_escape(_command(run))}</pre>"),
    ]
    return page(run.name, sections)


def page(title, sections):
    """A whole document of sections that are HTML already."""
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{_escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{_escape(title)}</h1>{''.join(sections)}</body></html>\n"
    )


def _escape(value):
    return html.escape(str(value), quote=True)


def section(title, body):
    """A heading and its body, or nothing without a body."""
    return f"<h2>{title}</h2>{body}" if body else ""


def _paragraph(text):
    return f"<p>{_escape(text)}</p>" if text else ""


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


def picture(path):
    """An image file as a figure that holds it."""
    data, name = base64.b64encode(path.read_bytes()).decode(), _escape(path.stem)
    with Image.open(path) as image:
        kind = "large" if image.width > LARGE else "small"
    image = f'<img class={kind} alt="{name}" src="data:image/{path.suffix[1:]};base64,{data}">'
    return f"<figure>{image}<figcaption>{name}</figcaption></figure>"


def _metrics(records, method):
    """A table of evaluations, the protocol of each below it; `method` is one of published.csv, or None."""
    rows = []
    for record in records:
        protocol = ", ".join(
            f"{name} {value}" for name, value in {"step": record["step"], **record["protocol"]}.items()
        )
        for name, value in record.items():
            if name not in ("step", "protocol"):
                printed = "; ".join(map(str, published.of(method, record["protocol"].get("dataset"), name)))
                remark = OWN_NETWORK if printed and name.startswith("fid_dsprites") else ""
                cells = (name, f"{value:.4g}", f"{printed}{remark}" or "-")
                rows.append("".join(f"<td>{_escape(cell)}</td>" for cell in cells))
                rows.append(f"<td colspan=3 class=quiet>{_escape(protocol)}</td>")
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
        return f"<figure><figcaption>{_escape(name)}: never finite</figcaption></figure>"
    points = points[:: max(1, len(points) // MAX_POINTS)]
    steps, values = zip(*points, strict=True)
    low, high = min(values), max(values)
    across = (WIDTH - 2 * MARGIN) / max(1, steps[-1] - steps[0])
    up = (HEIGHT - 2 * MARGIN) / ((high - low) or 1.0)
    places = [(MARGIN + (step - steps[0]) * across, HEIGHT - MARGIN - (value - low) * up) for step, value in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role=img aria-label="{_escape(name)}">'
        f'<polyline points="{line}"/></svg><figcaption>{_escape(name)}: {last:.4g} '
        f"(from {low:.4g} to {high:.4g}, steps {steps[0]:,} to {steps[-1]:,})</figcaption></figure>"
    )
