"""The parts that pages have in common."""

import base64
import html

from PIL import Image

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


def page(title, sections):
    """A whole document of sections that are HTML already."""
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{''.join(sections)}</body></html>\n"
    )


def escape(value):
    return html.escape(str(value), quote=True)


def section(title, body):
    """A heading and its body, or nothing without a body."""
    return f"<h2>{title}</h2>{body}" if body else ""


def paragraph(text):
    return f"<p>{escape(text)}</p>" if text else ""


def picture(path):
    """An image file as a figure that holds it."""
    data, name = base64.b64encode(path.read_bytes()).decode(), escape(path.stem)
    with Image.open(path) as image:
        kind = "large" if image.width > LARGE else "small"
    image = f'<img class={kind} alt="{name}" src="data:image/{path.suffix[1:]};base64,{data}">'
    return f"<figure>{image}<figcaption>{name}</figcaption></figure>"
