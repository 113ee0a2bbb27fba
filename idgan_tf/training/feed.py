"""Rows of arrays too large for the devices: gathered on the host, ahead of the steps that need them."""

import numpy as np
import tensorflow as tf

from idgan_tf.data.order import row_numbers

AHEAD = 4  # batches gathered before they are needed


def total_bytes(arrays):
    """Bytes of {name: array}."""
    return sum(array.nbytes for array in arrays.values())


def stream(dataset, settings, strategy):
    """Function(first step) -> distributed dataset of {name: [B, ...]}, the rows of each replica and step.

    The order is that of `order.row_numbers`, so a stream starts at any step at no cost.
    """
    arrays = dataset.arrays
    size = settings.batch_size // strategy.num_replicas_in_sync

    def gather(rows):
        order = np.argsort(rows)  # in the order of the file: fewer seeks
        back = np.argsort(order)
        return [np.asarray(array[rows[order]])[back] for array in arrays.values()]

    def from_step(first_step):
        def batches(context):
            replicas = context.num_replicas_in_sync // context.num_input_pipelines
            first_replica = context.input_pipeline_id * replicas

            def rows_of(count):  # one batch per replica and step, replicas fastest
                step, replica = first_step + count // replicas, first_replica + count % replicas
                start = step * settings.batch_size + replica * size
                rows = row_numbers(
                    start + tf.range(size, dtype=tf.int64), dataset.num_examples, settings.seed
                )
                values = tf.numpy_function(
                    gather, [rows], [array.dtype for array in arrays.values()], stateful=False
                )
                return {
                    name: tf.ensure_shape(value, (size, *array.shape[1:]))
                    for (name, array), value in zip(arrays.items(), values, strict=True)
                }

            data = tf.data.Dataset.counter().map(rows_of, num_parallel_calls=2, deterministic=True)
            return data.prefetch(AHEAD * replicas)

        return strategy.distribute_datasets_from_function(batches)

    return from_step
