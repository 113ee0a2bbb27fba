import gc
import weakref

import keras
import pytest

from idgan_tf.evaluation.codes.mig import mig
from idgan_tf.evaluation.samples.kept import Kept
from tests.helpers import build_tiny


@pytest.fixture
def method(codes_method):
    method = codes_method(lambda x: x)
    method.networks["encoder"] = keras.layers.Dense(2)
    method.networks["encoder"].build([None, 3])
    return method


def test_an_answer_is_kept_until_the_question_the_step_or_a_weight_changes(method):
    kept, answers = Kept(), iter(range(10))
    ask = lambda *question: kept(method, question, lambda: next(answers))  # noqa: E731
    assert [ask("a"), ask("a"), ask("b"), ask("b")] == [0, 0, 1, 1]
    method.step.assign_add(1)
    assert [ask("b"), ask("b")] == [2, 2]
    method.networks["encoder"].bias.assign([0.0, 1e-30])
    assert [ask("b"), ask("b")] == [3, 3]


def test_it_keeps_no_method_alive(codes_method):
    kept, method = Kept(), codes_method(lambda x: x)
    kept(method, (), lambda: 0)
    gone = weakref.ref(method)
    del method
    gc.collect()
    assert gone() is None


def test_a_metric_at_a_step_that_a_training_comes_to_again_is_of_the_weights_of_now(tmp_path):
    settings, method = build_tiny("tests/tiny/betavae.gin", tmp_path)
    before = mig(method, settings.dataset, 0, num_samples=100).values
    assert mig(method, settings.dataset, 0, num_samples=100).values == before
    for variable in method.networks["encoder"].trainable_variables:
        variable.assign(keras.random.normal(variable.shape, seed=1))
    assert mig(method, settings.dataset, 0, num_samples=100).values != before
