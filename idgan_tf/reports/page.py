"""Pages of `templates/*.html`: what a page is given is text there, unless a template says that it is HTML.

Curves are drawn in the browser by uPlot 1.6 (MIT, 51 kB, in `uplot/`), which is part of every page. A page says which
scripts may run in it, by their checksums, and that nothing may be loaded: a browser keeps to that, whatever a name or a
message of a run holds.
"""

import base64
import hashlib
import pathlib

import jinja2
import markupsafe
from PIL import Image

from idgan_tf.visualize import registry

HERE = pathlib.Path(__file__).parent
TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("idgan_tf.reports"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
SCRIPTS = ("uplot/uPlot.iife.min.js", "templates/charts.js")


def page(template, **given):
    """The text of a page: a template of `templates/` with what it is given."""
    scripts = ["\n" + (HERE / name).read_text("utf-8") for name in SCRIPTS]
    library = {
        "scripts": list(map(markupsafe.Markup, scripts)),
        "checksums": [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts],
        "licence": markupsafe.Markup((HERE / "uplot" / "LICENSE").read_text("utf-8")),
        "library_style": markupsafe.Markup((HERE / "uplot" / "uPlot.min.css").read_text("utf-8")),
    }
    return TEMPLATES.get_template(template).render(library | given) + "\n"


def picture(path, kind=None):
    """An image file as what the macro `figure` shows, its caption in sentences.

    Args:
        path: of the file.
        kind: which figure it is, by its name; by default the file's.
    """
    kind = kind or path.stem
    with Image.open(path) as image:
        width, height, step, shows = *image.size, image.info.get("step"), image.info.get("shows")
    known = registry.known().get(kind)  # of pictures that earlier versions drew, which do not say it
    shows = shows or (known.shows if known else "")
    sentences = [f"{kind.replace('_', ' ').capitalize()}.", shows.replace("`", "")]
    sentences.append(f"Drawn at step {int(step):,}." if step else "")
    source = inlined(path.read_bytes(), f"image/{path.suffix[1:]}")
    return {"caption": " ".join(filter(None, sentences)), "width": width, "height": height, "source": source}


def inlined(data, kind):
    """A file of a MIME type as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
