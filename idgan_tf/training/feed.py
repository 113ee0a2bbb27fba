"""Rows of arrays too large for the devices: gathered on the host, ahead of the steps that need them.

No Python runs in the pipeline: a Python function would wait for the interpreter's lock, which whoever deletes
the pipeline holds while it waits for the function.
"""

import ctypes

import numpy as np
import tensorflow as tf

from idgan_tf.training.order import example_numbers

AHEAD = 4  # batches gathered before they are needed
ALIGNMENT = 64  # TensorFlow's, in bytes; .npy files keep it


def total_bytes(arrays):
    """Bytes of {name: array}."""
    return sum(array.nbytes for array in arrays.values())


def stream(dataset, settings, strategy, seed_of):
    """Function(first step) -> distributed dataset of {name: [B, ...]}, the rows of each replica and step.

    `seed_of` is a function of the step, for examples that are drawn.
    The order is that of `order.example_numbers`, so a stream starts at any step at no cost.
    """
    tensors = {name: mapped(array) for name, array in dataset.arrays.items()}
    size = settings.batch_size // strategy.num_replicas_in_sync
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False  # rewriting copies the arrays
    options.autotune.enabled = False

    def from_step(first_step):
        def batches(context):
            replicas = context.num_replicas_in_sync // context.num_input_pipelines
            first_replica = context.input_pipeline_id * replicas

            def gathered(count):  # one batch per replica and step, replicas fastest
                step, replica = first_step + count // replicas, first_replica + count % replicas
                start = step * settings.batch_size + replica * size
                numbers = example_numbers(start + tf.range(size, dtype=tf.int64), dataset.num_examples, settings.seed)
                rows = dataset.row_of(dataset.index_of(numbers, seed_of(step)))
                return {name: tf.gather(tensor, rows) for name, tensor in tensors.items()}

            data = tf.data.Dataset.counter().map(gathered, num_parallel_calls=2, deterministic=True)
            return data.prefetch(AHEAD * replicas).with_options(options)

        return strategy.distribute_datasets_from_function(batches)

    return from_step


def mapped(array):
    """A tensor in the memory of an array, which it keeps; where TensorFlow cannot read that memory, it is copied."""
    with tf.device("CPU:0"):
        if array.ctypes.data % ALIGNMENT:
            return tf.constant(array)
        memory = (ctypes.c_uint8 * array.nbytes).from_address(array.ctypes.data)  # DLPack refuses read-only arrays
        memory.owner = array
        shared = np.frombuffer(memory, np.uint8).view(array.dtype).reshape(array.shape)
        return tf.experimental.dlpack.from_dlpack(shared.__dlpack__())
