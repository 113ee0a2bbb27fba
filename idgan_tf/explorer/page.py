"""The page of bin/explore. It runs on NiceGUI, which brings all that the browser needs and asks no other machine."""

import base64
import dataclasses
import pathlib

from nicegui import app, run, ui
from starlette.middleware.trustedhost import TrustedHostMiddleware

from idgan_tf.errors import DataError, message
from idgan_tf.explorer import HOST
from idgan_tf.explorer.explorer import MAX_UPLOAD
from idgan_tf.image_files import png
from idgan_tf.methods.faces import can
from idgan_tf.visualize.grids import to_uint8

SHOWN = 16  # sliders at first; a button brings as many again
STYLE = pathlib.Path(__file__).with_name("page.css").read_text("utf-8")


def serve(explorer, port):
    """Shows an `Explorer` at http://127.0.0.1:<port>/.

    Raises:
        KeyboardInterrupt: Ctrl-C came, which is how it ends; the server itself would keep quiet about it.
    """
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])  # no other site's name leads here
    ui.run(
        lambda: Page(explorer),
        host=HOST,
        port=port,
        title=explorer.title,
        show=False,
        reload=False,
        reconnect_timeout=60.0,  # seconds a tab may be out of reach and keep its state
        tailwind=False,
        show_welcome_message=False,
    )
    raise KeyboardInterrupt


class Page:
    """One browser tab: its own state, the elements that show it, and what happens when they are used."""

    def __init__(self, explorer):
        self.explorer, self.state = explorer, explorer.start()
        self.drawing, self.stale, self.turn = False, False, 0
        self.images, self.strips, self.sliders, self.values = {}, {}, {}, {}
        ui.add_css(STYLE)
        with ui.element("h1"):
            ui.label(explorer.title)
        with ui.element("div").classes("x-page"):
            with ui.element("div").classes("x-now"):
                self._pictures()
                self._buttons()
                self._images_to_encode()
            with ui.element("div"):
                self.rows = ui.element("div")
                self.more = ui.button("More dimensions", on_click=self._more).props("flat no-caps")
                self._add_rows()
        ui.timer(0, self.refresh, once=True)

    def _pictures(self):
        with ui.element("div").classes("x-pictures"):
            for name in ["encoded", *self.explorer.drawn]:
                with ui.element("figure") as figure:
                    self.images[name] = _image(name)
                    with ui.element("figcaption"):
                        ui.label(name)
                figure.set_visibility(name != "encoded" or self.state.seen is not None)
                self.images[name].figure = figure

    def _buttons(self):
        explorer = self.explorer
        with ui.element("div").classes("x-buttons"):
            if explorer.nuisance:
                ui.button(f"New {explorer.nuisance}", on_click=self._new_nuisance).props("no-caps")
            if explorer.classes:
                options = dict(enumerate(explorer.classes))
                self.label = ui.select(options, label="class", on_change=self._choose).style("min-width: 9rem")
            ui.button("Picture", icon="download", on_click=self._download_picture).props("outline no-caps")
            ui.button("Codes", icon="download", on_click=self._download_codes).props("outline no-caps")

    def _images_to_encode(self):
        explorer = self.explorer
        if can(explorer.method, "encode"):
            upload = ui.upload(
                auto_upload=True,
                max_file_size=MAX_UPLOAD,
                on_upload=self._upload,
                on_rejected=lambda: ui.notify(f"an image of at most {MAX_UPLOAD >> 20} MB, please", type="warning"),
            )
            upload.props('accept="image/*"').style("display: none")  # its button is the one below
            button = ui.button("Encode an image of yours", icon="upload").props("flat no-caps")
            button.on("click", js_handler=f"() => getElement({upload.id}).$refs.qRef.pickFiles()")
        if explorer.without_gallery:
            ui.label(f"No gallery: {explorer.without_gallery}.").classes("x-quiet")
        with ui.element("div").classes("x-gallery"):
            for number, image in enumerate(explorer.gallery):
                button = ui.element("button").props(f'aria-label="encode image {number} of the data"')
                button.on("click", lambda _, image=image: self._encode(image))
                with button:
                    _image("", to_uint8(image))

    def _more(self):
        self._add_rows()
        return self._draw_strips()

    def _add_rows(self):
        order, explorer = self.explorer.order, self.explorer
        with self.rows:
            for d in order[len(self.sliders) :][:SHOWN]:
                with ui.element("div").classes("x-dimension"):
                    ui.label(explorer.names[d])
                    low, high, value = float(explorer.low[d]), float(explorer.high[d]), float(self.state.c[d])
                    self.sliders[d] = ui.slider(min=low, max=high, step=0.01, value=value)
                    self.sliders[d].props(f'aria-label="dimension {d}"')
                    self.sliders[d].on_value_change(lambda event, d=d: self._slide(d, event.value))
                    self.sliders[d].on("change", self._draw_strips, args=[])  # when it is let go
                    self.values[d] = ui.label(f"{value:+.2f}")
                    self.strips[d] = _image(f"dimension {d} from {low:g} to {high:g}")
        self.more.set_visibility(len(self.sliders) < len(order))

    async def _slide(self, dimension, value):
        if abs(value - self.state.c[dimension]) < 0.005:  # it was set from here
            return
        self.explorer.move(self.state, dimension, value)
        self.values[dimension].text = f"{value:+.2f}"
        self._show_class()
        await self._draw()

    async def _new_nuisance(self):
        self.explorer.draw_nuisance(self.state)
        await self.refresh()

    async def _choose(self, event):
        if event.value is not None:
            self.explorer.choose(self.state, event.value)
            await self.refresh()

    async def _encode(self, image):
        self.explorer.encode(self.state, image)
        self._show_class()
        await self.refresh()

    def _show_class(self):
        if self.explorer.classes:
            self.label.value = self.state.label

    async def _upload(self, event):
        event.sender.reset()
        try:
            image = self.explorer.read(await event.file.read(), event.file.name)
        except DataError as error:
            ui.notify(message(error), type="warning")
        else:
            await self._encode(image)

    def _download_picture(self):
        ui.download.content(self.explorer.as_png(self.state), "picture.png")

    def _download_codes(self):
        ui.download.content(self.explorer.as_json(self.state), "codes.json")

    async def refresh(self):
        """Shows the state, whatever of it has changed."""
        for d, slider in self.sliders.items():
            slider.value = float(self.state.c[d])
            self.values[d].text = f"{self.state.c[d]:+.2f}"
        await self._draw()
        await self._draw_strips()

    async def _draw(self):
        """Draws the pictures. What changes in the meantime is drawn next, and only its newest state."""
        self.stale = True
        if self.drawing:
            return
        self.drawing = True
        try:
            while self.stale:
                self.stale = False
                state = dataclasses.replace(self.state)
                found = await run.io_bound(self.explorer.pictures, state)
                if found is None:  # Ctrl-C came in the meantime
                    return
                if state.seen is not None:
                    found["encoded"] = state.seen
                for name, picture in found.items():
                    self.images[name].figure.set_visibility(True)
                    self.images[name].props["src"] = _url(picture)
        finally:
            self.drawing = False

    async def _draw_strips(self):
        """Draws the strips from the top, until somebody asks for other ones."""
        self.turn += 1
        turn, state = self.turn, dataclasses.replace(self.state)
        for d, strip in list(self.strips.items()):
            picture = await run.io_bound(self.explorer.strip, state, d)
            if picture is None or turn != self.turn:
                return
            strip.props["src"] = _url(picture)


def _image(text, picture=None):
    """An <img> with a text for those who cannot see it."""
    image = ui.element("img")
    image.props["alt"] = text
    if picture is not None:
        image.props["src"] = _url(picture)
    return image


def _url(picture):
    """A picture uint8 [H, W, 3] as a data URL."""
    return f"data:image/png;base64,{base64.b64encode(png(picture, {})).decode()}"
