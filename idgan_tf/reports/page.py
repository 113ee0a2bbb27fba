"""Pages of `templates/*.html`: what a page is given is text there, unless a template says that it is HTML."""

import base64

import jinja2
from PIL import Image

LARGE = 700  # pixels; wider pictures have small letters, so a phone scrolls them instead of shrinking them
TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader(__package__),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template, **given):
    """The text of a page: a template of `templates/` with what it is given."""
    return TEMPLATES.get_template(template).render(given) + "\n"


def picture(path):
    """An image file as what the macro `figure` shows."""
    with Image.open(path) as image:
        kind = "large" if image.width > LARGE else "small"
    source = inlined(path.read_bytes(), f"image/{path.suffix[1:]}")
    return {"name": path.stem, "caption": path.stem, "kind": kind, "source": source}


def inlined(data, kind):
    """A file of a MIME type as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
