"""Matplotlib figures: panels side by side, as a picture."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

DPI = 100
PANEL, LEGEND = (4.6, 3.6), 1.6  # inches: a panel, and the width of a legend


def panels(count, legend=0.0, **options):
    """(figure, its axes side by side, at most four in a row), with room for a legend of that width in inches."""
    columns = min(count, 4)
    rows = -(-count // columns)
    figure = Figure((PANEL[0] * columns + legend, PANEL[1] * rows), DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel()
    for spare in axes[count:]:
        spare.set_axis_off()
    return figure, list(axes[:count])


def steps(axis):
    """Labels 0, 5k, 10k, ... of training steps."""
    axis.set_major_formatter(lambda step, _: f"{step / 1000:g}k" if step else "0")


def plain_numbers(axis):
    """Labels 1,000, 2,000, 5,000, ... on a logarithmic axis with data; 1,000, 10,000, ... over two decades and more."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    axis.set_major_formatter("{x:,g}")
    axis.set_minor_formatter(NullFormatter())


def legend(figure, axes):
    """One legend of all that any panel shows, right of them."""
    handles = {}
    for panel in sorted(axes, key=lambda panel: -len(panel.lines)):
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(handles.values(), handles, loc="outside right center", fontsize="small")


def picture(figure):
    """A drawn figure as uint8 [H, W, 3]."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
