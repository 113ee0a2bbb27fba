"""A method of one's own: a Python file and a gin file, and nothing of the package is touched."""

import numpy as np
import tensorflow as tf

from idgan_tf.commands import closing
from idgan_tf.experiments import stages
from idgan_tf.explorer.explorer import Explorer
from idgan_tf.export.card import model_card
from idgan_tf.export.saved_model import export
from idgan_tf.reports import of_run

METHOD = '''
"""An autoencoder that can also brighten what it draws."""

import gin
import keras
import tensorflow as tf

from idgan_tf.methods.base import Method, Player
from idgan_tf.methods.faces import CodeFaces
from idgan_tf.methods.signatures import Input, Signature


@gin.register
class Autoencoder(CodeFaces, Method):
    """Minimises the mean squared error of rebuilt images."""

    meanings = {"error": "mean squared error of rebuilt images"}

    def __init__(self, encoder, decoder, optimizer):
        super().__init__(encoder=encoder, decoder=decoder)
        self.both_optimizer = optimizer
        self.image_shape, self.code_dim = encoder.config["image_shape"], encoder.config["latent_dim"]

    @property
    def players(self):
        return {"both": Player([self.encoder, self.decoder], self.both_optimizer)}

    def train_step(self, batch, seed):
        with tf.GradientTape() as tape:
            mean, _ = self.encoder(batch["image"], training=True)
            rebuilt = keras.ops.sigmoid(self.decoder(mean, training=True))
            error = tf.reduce_mean(tf.square(rebuilt - batch["image"]))
        self.minimize("both", error, tape)
        return {"error": error}

    def encode(self, image):
        return self.encoder(image)

    def decode(self, c):
        return keras.ops.sigmoid(self.decoder(c))

    def signatures(self):
        c = Input("c", [None, self.code_dim], "the code")
        brightness = Input("brightness", [], "what every pixel gets on top", example=0.5)
        brighten = Signature(lambda c, brightness: self.decode(c) + brightness, [c, brightness], "brighter images")
        return {**super().signatures(), "brighten": brighten}
'''
GIN = """
import own_method
include "gin/optimizers/adam.gin"
include "tests/tiny/networks.gin"

train.method = @Autoencoder
Autoencoder.encoder = @TinyEncoder()
Autoencoder.decoder = @TinyDecoder()
Autoencoder.optimizer = @keras.optimizers.Adam()
keras.optimizers.Adam.learning_rate = 1e-3
TinyEncoder.latent_dim = 2
TinyDecoder.latent_dim = 2
"""


def test_it_trains_is_explained_drawn_explored_reported_and_exported(tmp_path, monkeypatch, capsys):
    (tmp_path / "own_method.py").write_text(METHOD)
    (tmp_path / "own.gin").write_text(GIN)
    monkeypatch.syspath_prepend(tmp_path)
    run, settings, method = stages.train(
        [str(tmp_path / "own.gin")], ["train.num_steps = 4"], tmp_path / "run", ("own_method", "tests")
    )

    closing.show(run, settings, method)
    screen = capsys.readouterr().out
    assert "mean squared error of rebuilt images" in screen and "bin/explore" in screen
    drawn = {path.stem for path in run.figures.iterdir()}
    assert drawn == {"samples", "reconstructions", "row", "traversal", "traversal_prior", "traversal_added",
                     "traversal_movie"}  # fmt: skip
    explored = Explorer(method, settings.dataset, "own")
    assert explored.pictures(explored.start()).keys() == {"decoder"}
    page = of_run.of_run(run)
    assert "Autoencoder" in page and "<h2>Curves" in page and "error" in page

    folder = export(method, run.export, card=model_card(run, method, settings.dataset))
    loaded = tf.saved_model.load(str(folder)).signatures["brighten"](c=tf.zeros([1, 2]), brightness=tf.constant(0.5))
    np.testing.assert_allclose(loaded["output_0"], method.decode(tf.zeros([1, 2])) + 0.5, rtol=1e-5)
    text = (folder / "README.md").read_text()
    assert "`brightness` float32[]: what every pixel gets on top | `output_0` float32[None, 8, 8, 1]: brighter" in text
    assert "Autoencoder on tiny_sprites" in (folder / "MODEL_CARD.md").read_text()
