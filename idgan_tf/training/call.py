"""The training call: k steps of a method in one graph, data and random numbers included."""

import contextlib
import functools

import tensorflow as tf
from tensorflow.python.ops import gen_math_ops

from idgan_tf import noise
from idgan_tf.errors import ConfigError, OutOfMemory, require
from idgan_tf.objectives.weights import scheduled
from idgan_tf.training import feed
from idgan_tf.training.checks import check
from idgan_tf.training.order import example_numbers

STREAM_METHOD, STREAM_DATA = 0, 1


@contextlib.contextmanager
def sums_as_written():
    """Keeps TensorFlow from choosing the order of a sum's terms, and so its last digit, in what is traced and run.

    Its optimiser orders them anew in every process. Its sum of several tensors, which a gradient is, begins with one
    that no other operation still needs, and which that is changes with the load of the machine. Afterwards both may
    again.
    """
    options, name = tf.config.optimizer, "arithmetic_optimization"
    before, add_n = options.get_experimental_options().get(name), gen_math_ops.add_n  # None: as TensorFlow chooses

    def in_order(inputs, name=None):
        numbers = all(term.dtype != tf.variant for term in inputs)
        return functools.reduce(tf.add, inputs) if numbers else add_n(inputs, name)

    options.set_experimental_options({name: False})
    gen_math_ops.add_n = in_order
    try:
        yield
    finally:
        options.set_experimental_options({name: before})
        gen_math_ops.add_n = add_n


class TrainingCall:
    """Runs k training steps per call, on every device of a strategy.

    The examples lie in tensors on the devices, and every step gathers its own rows: nothing is fed or
    read back but the sums of what `train_step` returns. Arrays above `settings.resident_bytes` are streamed
    from the host instead, in the same order. The sums are part of the state of a run, so that a log line does
    not depend on where the run was interrupted.

    Args:
        method: the method, built in the scope of `strategy`.
        settings: `batch_size`, `seed`, `dataset`, `resident_bytes` and `jit_compile` are used.
        strategy: where to run.

    Attributes:
        names: of the values that `train_step` returns, then of the method's weights that follow a schedule.
        weights: the names of those.
        sums: float32 [len(names) + 1], sums since the last log line; the last number counts the steps.
    """

    @sums_as_written()
    def __init__(self, method, settings, strategy):
        self._method, self._strategy = method, strategy
        self._dataset, self._batch_size = settings.dataset, settings.batch_size
        self._seed = tf.constant([settings.seed, 0x1D6A], tf.int32)
        self._order_seed = settings.seed
        check(method, settings, strategy)
        arrays = self._dataset.arrays
        self._from_step = self._stream = None
        if feed.total_bytes(arrays) > settings.resident_bytes:
            require(not settings.jit_compile, "train.jit_compile needs the data below train.resident_bytes")
            self._from_step, arrays = feed.stream(self._dataset, settings, strategy, self._data_seed), {}
        with self._memory():
            self._arrays = [_on(device, arrays) for device in _local_devices(strategy)]
        self.names, self.weights = [], set()
        self._step = tf.function(self._one_step)
        streamed = self._from_step(0).element_spec if self._from_step else {}
        size = self._step.get_concrete_function(streamed).outputs[0].shape[0]
        with strategy.scope():
            self.sums = tf.Variable(tf.zeros([size + 1]), trainable=False, name="sums")
        self._function = tf.function(self._many_steps, jit_compile=settings.jit_compile)
        self._data_function = tf.function(self._many_batches, jit_compile=settings.jit_compile)

    @sums_as_written()
    def __call__(self, k):
        """Runs k steps; returns whether every value and every trained weight is finite."""
        with self._memory():
            return bool(self._function(tf.constant(k), self._newest_stream()))

    @sums_as_written()
    def data_alone(self, k):
        """Makes the batches of the next k steps and drops them: what training would cost if learning were free."""
        self._data_function(tf.constant(k), self._newest_stream()).numpy()

    @contextlib.contextmanager
    def _memory(self):
        """Says it when a device has too little memory, and what takes less."""
        try:
            yield
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise OutOfMemory(
                f"out of memory: lower train.batch_size, which is {self._batch_size}; train.precision = "
                '"mixed_bfloat16" halves what a step needs where the processor has it, and train.resident_bytes = 0 '
                "keeps the data off the device"
            ) from error

    def _newest_stream(self):
        if self._from_step and self._stream is None:  # not before: the first step may come from a checkpoint
            self._stream = iter(self._from_step(self._method.step.numpy()))
        return self._stream

    def restart(self):
        """Reads streamed data anew from the method's step, after it was set back."""
        self._stream = None

    def means(self):
        """{name: mean since the last call of `means`} as floats; starts the sums anew."""
        sums = self.sums.numpy()
        self.sums.assign(tf.zeros_like(self.sums))
        return {name: float(value / sums[-1]) for name, value in zip(self.names, sums, strict=False)}

    @property
    def traces(self):
        """How often the graph was traced: 1 in a healthy run."""
        return self._function.experimental_get_tracing_count()

    def _many_steps(self, k, stream):
        for _ in tf.range(k):
            streamed = next(stream) if self._from_step else {}
            self.sums.assign_add(tf.concat([self._step(streamed), [1.0]], axis=0))
        weights = [value for player in self._method.players.values() for value in player.variables]
        return tf.reduce_all([tf.reduce_all(tf.math.is_finite(value)) for value in (self.sums, *weights)])

    def _many_batches(self, k, stream):
        total, step = tf.zeros([]), self._method.step.value()
        for i in tf.range(k):
            streamed = next(stream) if self._from_step else {}
            sums = self._strategy.run(self._replica_sum, args=(streamed, step + tf.cast(i, tf.int64)))
            total += self._strategy.reduce(tf.distribute.ReduceOp.SUM, sums, axis=None)
        return total

    def _one_step(self, streamed):
        values = self._strategy.run(self._replica_step, args=(streamed,))
        self._method.step.assign_add(1)
        return self._strategy.reduce(tf.distribute.ReduceOp.MEAN, values, axis=None)

    def _replica_step(self, streamed):
        step = self._method.step.value()
        batch = self._batch(streamed, step)
        values = self._method.train_step(batch, noise.fold(self._seed, STREAM_METHOD, step))
        weights = scheduled(vars(self._method), step, values)
        values = {**values, **weights}
        self.names, self.weights = list(values), set(weights)
        return tf.stack([tf.cast(value, tf.float32) for value in values.values()])

    def _replica_sum(self, streamed, step):
        """A number that needs all of a batch, so that no part of it is left out as unused."""
        return tf.add_n([tf.reduce_sum(tf.cast(x, tf.float32)) for x in self._batch(streamed, step).values()])

    def _batch(self, streamed, step):
        """This replica's examples of a step; `streamed` are their rows where they do not lie on the device."""
        context = tf.distribute.get_replica_context()
        size = self._batch_size // context.num_replicas_in_sync
        first = step * self._batch_size + tf.cast(context.replica_id_in_sync_group, tf.int64) * size
        numbers = example_numbers(first + tf.range(size, dtype=tf.int64), self._dataset.num_examples, self._order_seed)
        seed = self._data_seed(step)
        index = self._dataset.index_of(numbers, seed)
        here = self._arrays[tf.get_static_value(context.replica_id_in_sync_group) % len(self._arrays)]
        stored = streamed or {name: tf.gather(array, self._dataset.row_of(index)) for name, array in here.items()}
        return _Batch(self._dataset.batch({**stored, "index": index}, seed))

    def _data_seed(self, step):
        """Of what is random in the examples of a step."""
        return noise.fold(self._seed, STREAM_DATA, step)


class _Batch(dict):
    """{name: tensor} that says what it has when it is asked for something else."""

    def __missing__(self, name):
        raise ConfigError(f"train.method reads {name!r} of an example; train.dataset gives {', '.join(self)}")


def _local_devices(strategy):
    """This machine's devices that a strategy computes on; one, wherever it is, without a strategy."""
    several = isinstance(strategy, (tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy))
    return strategy.extended.worker_devices if several else (None,)


def _on(device, arrays):
    """{name: tensor on a device of this machine}; a variable would copy itself when rows are first gathered from it."""
    with tf.device(device):
        return {name: tf.identity(feed.mapped(array)) for name, array in arrays.items()}
