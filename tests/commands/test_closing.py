"""What the last screen of a training suggests."""

import types

import pytest

from idgan_tf.commands import closing
from idgan_tf.data.half_circles import HalfCircles
from idgan_tf.methods.faces import CodeFaces
from idgan_tf.run_directory import Run
from tests.helpers import TinyLabelled, TinySprites


class Encoding(CodeFaces):
    image_shape, code_dim = (64, 64, 1), 3

    def encode(self, image): ...

    def decode(self, c): ...


class Points(Encoding):
    image_shape = (1, 1, 2)

    def sample(self, batch, seed): ...


class Drawing(CodeFaces):
    image_shape, code_dim, codes = (64, 64, 1), 3, "c ~ N(0, I)"

    def sample_code(self, image, seed): ...

    def generate(self, s, c): ...


class Classifying:
    def classify(self, image): ...


def commands(method, dataset, *allowed):
    configuration = types.SimpleNamespace(allow_imports=allowed)
    return closing._next(
        Run("runs/my run"), method, types.SimpleNamespace(dataset=dataset, configuration=configuration)
    )


def test_what_a_run_imports_its_commands_may_import():
    allow = " --gin_allow_import=mine --gin_allow_import=tests"
    assert [command.endswith(allow) for command in commands(Encoding(), TinySprites(), "mine", "tests")] == [
        "tensorboard" not in command and "bin/report" not in command for command in commands(Encoding(), TinySprites())
    ]


@pytest.mark.parametrize(
    ("method", "dataset", "explored", "evaluated"),
    [
        (Encoding(), TinySprites(), True, " --metrics=fvm,mig"),
        (Points(), HalfCircles(per_class=3), False, " --metrics=toy_spread"),
        (Drawing(), TinyLabelled(), True, "   (all that this run allows)"),
        (Classifying(), TinySprites(), False, None),
    ],
)
def test_only_what_the_run_can_answer_is_suggested(method, dataset, explored, evaluated):
    found = commands(method, dataset)
    assert all("'runs/my run" in command for command in found)
    assert ("bin/explore --run_dir='runs/my run'" in found) == explored
    assert [command for command in found if command.startswith("bin/evaluate")] == (
        [] if evaluated is None else [f"bin/evaluate --run_dir='runs/my run'{evaluated}"]
    )
