"""The site: `sphinx-build -W --keep-going docs build/site`, which fails on warnings and on dead links inside.

The pages are docs/*.md, which GitHub shows as well; those in docs/tutorials/ run while the site is built, the API's are
written from the docstrings.
"""

import inspect
import os
import re
import sys
import types

from sphinx.util.inspect import stringify_signature

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, PROJECT)
# What the tutorials' processes inherit: this checkout, and TensorFlow without its greetings.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [PROJECT, os.environ.get("PYTHONPATH")]))
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS=os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1"))
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import idgan_tf  # noqa: E402

project = "idgan_tf"
author = copyright = "the maintainers of idgan_tf"
version = release = idgan_tf.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
templates_path = ["_templates"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!idgan_tf\.).*|.*\._\w+")]  # other libraries, and what is private
highlight_language = "bash"  # of blocks that do not say

myst_enable_extensions = ["colon_fence", "html_image"]
myst_heading_anchors = 4
nb_execution_mode = "cache"  # in build/.jupyter_cache
nb_execution_timeout = 300  # seconds a cell
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_merge_streams = True
nb_output_stderr = "remove"  # TensorFlow's greetings and progress bars

autosummary_ignore_module_all = False
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
default_role = "code"

html_theme = "furo"
html_title = "idgan_tf"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#3557b7", "color-brand-content": "#2f4fa8"},
    "dark_css_variables": {"color-brand-primary": "#9db4ff", "color-brand-content": "#9db4ff"},
}

SECTIONS = re.compile(r"(Args|Attributes|Raises|Returns|Yields):$")
SIGNS = re.compile(r"[*|\\]|(?<=\w)_(?!\w)")  # of reStructuredText


def plain_text(app, what, name, obj, options, lines):
    """Docstrings are plain text with `names` in backquotes, in which all other signs stand for themselves.

    What is indented after an empty line is shown as it is.
    """
    out, verbatim = [], False
    for number, line in enumerate(lines):
        indented = line.startswith("    ") or not line.strip()
        starts = indented and line.strip() and number and not lines[number - 1].strip()
        if starts and not verbatim and not in_section(lines[:number]):
            out += [".. code-block:: text", ""]
            verbatim = True
        verbatim = verbatim and indented
        out.append(line if verbatim else "".join(map(escaped, re.split(r"(`[^`]+`)", line))))
    lines[:] = out


def escaped(part):
    """A part of a line: a name in backquotes, which may be followed by a letter, or what stands between two."""
    return f"{part}\\ " if part.startswith("`") and part.endswith("`") else SIGNS.sub(r"\\\g<0>", part)


def in_section(lines):
    """Whether the last of these lines that is not indented begins a section of Google's style."""
    last = next((line for line in reversed(lines) if line.strip() and not line.startswith(" ")), "")
    return bool(SECTIONS.match(last))


def left_out(app, what, name, obj, skip, options):
    """Whether a member says nothing of its own: fields of tuples, and what a method only refuses to do."""
    text = getattr(obj, "__doc__", None) or ""
    refused = "_refuses" in getattr(obj, "__qualname__", "")
    return True if refused or text.startswith("Alias for field number") else None


def own_signature(app, what, name, obj, options, signature, returned):
    """A class takes what its own constructor does; Keras puts another one before it, of `*args, **kwargs`."""
    if what != "class" or "__init__" not in vars(obj) or not isinstance(vars(obj)["__init__"], types.FunctionType):
        return None
    own = inspect.signature(vars(obj)["__init__"])
    return stringify_signature(own.replace(parameters=list(own.parameters.values())[1:]), show_annotation=False), None


def setup(app):
    app.connect("autodoc-process-signature", own_signature)
    app.connect("autodoc-process-docstring", plain_text, priority=100)  # before napoleon
    app.connect("autodoc-skip-member", left_out)
