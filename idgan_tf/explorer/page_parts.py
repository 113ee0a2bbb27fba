"""Parts of the page: the rows of the dimensions, and the way between two states."""

import base64
import dataclasses

import numpy as np
from nicegui import run, ui  # pyright: ignore[reportMissingImports]

from idgan_tf.dimension_names import LONGEST
from idgan_tf.errors import ConfigError, DataError, message
from idgan_tf.explorer import pictures
from idgan_tf.image_files import png

SHOWN = 16  # sliders at first; a button brings as many again
BLANK = np.zeros([1, 1, 3], np.uint8)  # until a picture is drawn


class Dimensions:
    """A row for every dimension: its name, slider, value and strip.

    Args:
        page: the `Page`: it is told when a slider was moved.
    """

    def __init__(self, page):
        self.page, self.explorer = page, page.explorer
        self.rows, self.strips, self.sliders, self.values, self._turn = {}, {}, {}, {}, 0
        with ui.element("section").props('aria-label="dimensions of the code"'):
            self.list = ui.element("div").classes("x-dimensions")
            self.more = button("More dimensions", self._more)
            self._add()
        self.large = ui.dialog()

    async def _more(self):
        self._add()
        await self.draw(self.page.state)

    def _add(self):
        with self.list:
            for d in self.explorer.order[len(self.sliders) :][:SHOWN]:
                with ui.element("div").classes("x-dimension") as self.rows[d]:
                    self._name(d)
                    self._slider(d)
                    self._strip(d)
        self.more.set_visibility(len(self.sliders) < self.explorer.count)
        self.show(self.page.state)

    def _name(self, d):
        symbol, kl = self.explorer.symbol(d), self.explorer.kl
        with ui.element("div").classes("x-name"):
            ui.label(symbol if kl is None or not kl[d] else f"{symbol} · {kl[d]:.2f} nats")
            field = ui.input(value=self.explorer.name(d), placeholder="name it")
            field.props(f'dense borderless maxlength={LONGEST} aria-label="name of {symbol}"')
            field.on("change", lambda: self._rename(d, field))

    def _rename(self, d, field):
        try:
            self.explorer.rename(d, field.value)
        except (ConfigError, DataError) as error:
            self.page.warn(message(error))
        field.value = self.explorer.name(d)

    def _slider(self, d):
        explorer, low, high = self.explorer, float(self.explorer.low[d]), float(self.explorer.high[d])
        ends = [100 * (float(end[d]) - low) / (high - low) for end in (explorer.seen_low, explorer.seen_high)]
        self.sliders[d] = ui.slider(min=low, max=high, step=explorer.step, value=float(self.page.state.c[d]))
        self.sliders[d].style(f"--from: {max(0, ends[0]):.1f}%; --to: {min(100, ends[1]):.1f}%")
        self.sliders[d].props["aria-label"] = f"dimension {explorer.symbol(d)}"
        self.sliders[d].props["title"] = f"in training {explorer.seen_low[d]:+.2f} to {explorer.seen_high[d]:+.2f}"
        self.sliders[d].on_value_change(lambda event: self._slide(d, event.value))
        self.sliders[d].on("change", lambda: self.page.settle(), args=[])  # when it is let go
        self.values[d] = ui.label().classes("x-value")

    def _strip(self, d):
        shown = f"{self.explorer.symbol(d)} from {self.explorer.low[d]:g} to {self.explorer.high[d]:g}"
        with ui.element("button").classes("x-strip").props(f'aria-label="{shown}, large"') as choice:
            self.strips[d] = image(shown)
        choice.on("click", lambda: self._enlarge(d))

    async def _slide(self, d, value):
        if abs(value - self.page.state.c[d]) < 0.1 * self.explorer.step:  # it was set from here
            return
        self._show_value(d, value, self.explorer.seen_low[d] <= value <= self.explorer.seen_high[d])
        await self.page.slid(d, value)

    async def _enlarge(self, d):
        """The strip in a window of its own, behind the encoded image, with values, ready to be taken away."""
        state = dataclasses.replace(self.page.state)
        picture = await run.io_bound(pictures.edited, self.explorer, state, d)
        if picture is None:
            return
        self.large.clear()
        with self.large, ui.card().classes("x-large"):
            image(f"{self.explorer.called(d)}, large", picture)
            with ui.element("div").classes("x-buttons"):
                button("Strip", lambda: self._download(state, d), "download")
                button("Close", self.large.close)
        self.large.open()

    def _download(self, state, d):
        data = pictures.edited_as_png(self.explorer, state, d)
        ui.download.content(data, f"{self.explorer.symbol(d)}.png")

    def show(self, state):
        """Puts sliders and values where a state has them."""
        outside = set(self.explorer.outside(state))
        for d, slider in self.sliders.items():
            slider.value = float(state.c[d])
            self._show_value(d, state.c[d], d not in outside)

    def _show_value(self, d, value, seen):
        self.values[d].text = f"{value:+.2f}" if seen else f"{value:+.2f} unseen"
        self.values[d].classes(add="" if seen else "x-outside", remove="x-outside" if seen else "")

    async def draw(self, state):
        """Draws the strips from the top, until somebody asks for other ones."""
        self._turn += 1
        turn, state = self._turn, dataclasses.replace(state)
        for d, strip in list(self.strips.items()):
            picture = await run.io_bound(pictures.strip, self.explorer, state, d)
            if picture is None or turn != self._turn:
                return
            strip.props["src"] = url(picture)


class Way:
    """The way from a state A to a state B: both kept by a person, a strip, and what can be taken away.

    Args:
        page: the `Page`, whose state is kept, and which goes back to one of them.
    """

    def __init__(self, page):
        self.page, self.explorer, self.kept, self.back = page, page.explorer, {}, {}
        with ui.element("section").props('aria-label="from A to B"').classes("x-way"):
            with ui.element("div").classes("x-buttons"):
                for name in "AB":
                    button(f"Keep as {name}", lambda name=name: self._keep(name))
                    self.back[name] = button(f"Go to {name}", lambda name=name: self._go(name))
                    self.back[name].set_visibility(False)
                self.strip = button("Strip A to B", self._download_strip, "download")
                self.gif = button("GIF A to B", self._download_movie, "download")
            self.image = image("from A to B")
        self._show()

    async def _keep(self, name):
        self.kept[name] = dataclasses.replace(self.page.state)
        self._show()
        if len(self.kept) == 2:
            picture = await run.io_bound(pictures.between, self.explorer, self.kept["A"], self.kept["B"])
            if picture is not None:
                self.image.props["src"] = url(picture)

    def _show(self):
        for name, back in self.back.items():
            back.set_visibility(name in self.kept)
        for element in (self.strip, self.gif, self.image):
            element.set_visibility(len(self.kept) == 2)

    async def _go(self, name):
        await self.page.go(self.kept[name], f"at {name}")

    async def _download_strip(self):
        await self._download(pictures.between_as_png, "a_to_b.png")

    async def _download_movie(self):
        await self._download(pictures.movie_as_gif, "a_to_b.gif")

    async def _download(self, draw, name):
        data = await run.io_bound(draw, self.explorer, self.kept["A"], self.kept["B"])
        if data is not None:
            ui.download.content(data, name)


def button(text, action, icon=None):
    """A button; without an action, one for a script."""
    return ui.button(text, on_click=action, icon=icon).props("outline no-caps dense")


def image(text, picture=BLANK):
    """An <img> with a text for those who cannot see it."""
    found = ui.element("img")
    found.props["alt"] = text
    found.props["src"] = url(picture)
    return found


def url(picture):
    """A picture uint8 [H, W, 3] as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(png(picture, {})).decode()}"
