"""The page of bin/explore. It runs on NiceGUI, which brings all that the browser needs and asks no other machine."""

import dataclasses
import pathlib

import numpy as np
from nicegui import app, run, ui  # pyright: ignore[reportMissingImports]
from starlette.middleware.trustedhost import TrustedHostMiddleware  # pyright: ignore[reportMissingImports]

from idgan_tf.errors import ConfigError, DataError, message
from idgan_tf.explorer import HOST, pictures
from idgan_tf.explorer.explorer import MAX_UPLOAD
from idgan_tf.explorer.page_parts import Dimensions, Way, button, image, url
from idgan_tf.explorer.state import to_query
from idgan_tf.visualize.grids import to_uint8

FOLDER = pathlib.Path(__file__).parent
STYLE, SCRIPT, HELP = ((FOLDER / name).read_text("utf-8") for name in ("page.css", "page.js", "help.html"))


def serve(explorer, port):
    """Shows an `Explorer` at http://127.0.0.1:<port>/.

    Raises:
        KeyboardInterrupt: Ctrl-C came, which is how it ends; the server itself would keep quiet about it.
    """
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])  # no other site's name leads here
    ui.run(
        lambda: Page(explorer, ui.context.client.request.query_params),
        host=HOST,
        port=port,
        title=explorer.title,
        show=False,
        reload=False,
        dark=None,  # as the browser has it
        reconnect_timeout=60.0,  # seconds a tab may be out of reach and keep its state
        tailwind=False,
        show_welcome_message=False,
    )
    raise KeyboardInterrupt


class Page:
    """One browser tab: its own state, the elements that show it, and what happens when they are used.

    Args:
        explorer: the `Explorer`, which all tabs share.
        query: of the address, {name: text}.
    """

    def __init__(self, explorer, query):
        self.explorer, self.images = explorer, {}
        self._drawing, self._stale, self._before, self._changed = False, False, {}, ""
        try:
            self.state, self._said = explorer.state_of(query), ""
        except ConfigError as error:
            self.state, self._said = explorer.start(), f"{message(error)}: this is a fresh start"
        ui.add_css(STYLE)
        with ui.element("h1"):
            ui.label(explorer.title)
        ui.html(HELP, sanitize=False)
        with ui.element("main").classes("x-page"):
            with ui.element("div").classes("x-now"):
                self._pictures()
                self.said = ui.label().classes("x-said").props('role="status" aria-live="polite"')
                self._buttons()
                self._images_to_encode()
                self.way = Way(self)
            self.dimensions = Dimensions(self)
        ui.timer(0, self._open, once=True)

    async def _open(self):
        ui.run_javascript(SCRIPT)
        await self.refresh()

    def _pictures(self):
        with ui.element("div").classes("x-pictures"):
            for caption in ["encoded", *(caption for caption, *_ in pictures.drawings(self.explorer))]:
                with ui.element("figure") as figure:
                    self.images[caption] = image(caption)
                    with ui.element("figcaption"):
                        ui.label(caption)
                figure.set_visibility(caption != "encoded")
                self.images[caption].figure = figure

    def _buttons(self):
        explorer = self.explorer
        with ui.element("div").classes("x-buttons"):
            button("Reset", self._reset)
            button("Random code", self._draw_code)
            if explorer.nuisance:
                button(f"New {explorer.nuisance}", self._draw_nuisance)
            if explorer.classes:
                options = dict(enumerate(explorer.classes))
                self.label = ui.select(options, value=self.state.label, label="class", on_change=self._choose)
            button("Picture", self._download_picture, "download")
            button("Codes", self._download_codes, "download")
            button("Copy link", None, "link").on("click", js_handler="() => window.explorer_copy()")

    def _images_to_encode(self):
        explorer = self.explorer
        if explorer.encoder:
            upload = ui.upload(
                auto_upload=True,
                max_file_size=MAX_UPLOAD,
                on_upload=self._upload,
                on_rejected=lambda: self.warn(f"an image of at most {MAX_UPLOAD >> 20} MB, please"),
            )
            upload.props('accept="image/*"').style("display: none")  # its button is the one below
            choose = button("Encode an image of yours", None, "upload")
            choose.on("click", js_handler=f"() => getElement({upload.id}).$refs.qRef.pickFiles()")
        if explorer.reader is None:
            ui.label(f"No gallery: {(explorer.encoder or explorer.first).without_images}.").classes("x-quiet")
        with ui.element("div").classes("x-gallery"):
            for number, shown in enumerate(explorer.gallery):
                choice = ui.element("button").props(f'aria-label="encode image {number} of the data"')
                choice.on("click", lambda _, number=number: self._choose_image(number))
                with choice:
                    image("", to_uint8(shown))

    def warn(self, text):
        """Says what went wrong; for a moment, and aloud."""
        ui.notify(text, type="warning")

    async def slid(self, dimension, value):
        """A slider was moved by a person: the pictures follow, the strips wait until it is let go."""
        self.explorer.move(self.state, dimension, value)
        self._changed = f"{self.explorer.called(dimension)} {value:+.2f}"
        self._show_class()
        await self._draw()

    async def _draw_nuisance(self):
        self.explorer.draw_nuisance(self.state)
        await self.refresh(f"another {self.explorer.nuisance}")

    async def _draw_code(self):
        self.explorer.draw_code(self.state, np.random.default_rng())
        await self.refresh("a random code")

    async def _reset(self):
        await self.go(self.explorer.start(), "as at the beginning")

    async def go(self, state, said):
        """Shows another state."""
        self.state = dataclasses.replace(state)
        await self.refresh(said)

    async def _choose(self, event):
        if event.value is not None and event.value != self.state.label:
            self.explorer.choose(self.state, event.value)
            await self.refresh(f"class {self.explorer.classes[event.value]}")

    async def _choose_image(self, number):
        self.explorer.choose_image(self.state, number)
        await self.refresh(f"the code of image {number}")

    def _show_class(self):
        if self.explorer.classes:
            self.label.value = self.state.label

    async def _upload(self, event):
        event.sender.reset()
        try:
            uploaded = self.explorer.read(await event.file.read(), event.file.name)
        except DataError as error:
            self.warn(message(error))
        else:
            self.explorer.encode(self.state, uploaded)
            await self.refresh("the code of your image")

    def _download_picture(self):
        ui.download.content(pictures.now_as_png(self.explorer, self.state), "picture.png")

    def _download_codes(self):
        ui.download.content(pictures.as_json(self.explorer, self.state), "codes.json")

    async def refresh(self, changed=""):
        """Shows the state, whatever of it has changed; `changed` says so in words."""
        self._changed = changed
        self._show_class()
        self.dimensions.show(self.state)
        await self._draw()
        await self.settle()

    async def settle(self):
        """The state stays for now: the address has it, and the strips are those of it."""
        ui.navigate.history.replace(to_query(self.state))
        await self.dimensions.draw(self.state)

    async def _draw(self):
        """Draws the pictures. What changes in the meantime is drawn next, and only its newest state."""
        self._stale = True
        if self._drawing:
            return
        self._drawing = True
        try:
            while self._stale:
                self._stale = False
                state = dataclasses.replace(self.state)
                found = await run.io_bound(pictures.now, self.explorer, state)
                if found is None:  # Ctrl-C came in the meantime
                    return
                self._say(found, state)
                self.images["encoded"].figure.set_visibility(state.seen is not None)
                if state.seen is not None:
                    found["encoded"] = state.seen
                for caption, picture in found.items():
                    self.images[caption].props["src"] = url(picture)
        finally:
            self._drawing = False

    def _say(self, found, state):
        """In words what changed, for those who do not see the pictures, and which values no training saw."""
        told = [self._said, self._changed]
        if self._changed and self._before:
            told.append(f"pictures changed by {pictures.change(self._before, found):.0%}")
        outside = ", ".join(map(self.explorer.called, self.explorer.outside(state)))
        told.append(f"outside what training saw: {outside}" if outside else "")
        self._before, self._said = found, ""
        self.said.text = " · ".join(filter(None, told))
