"""What a training step may ask of the other replicas, so that several devices compute what one does."""

import tensorflow as tf


def all_rows(x):
    """x [B, ...] of all replicas, one after another: [R * B, ...], with gradients to each replica's own rows.

    A mean over examples needs it not: those of the replicas are averaged anyway. A function of the whole batch does.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return x
    rows = context.all_gather(x, axis=0)
    return tf.ensure_shape(rows, [x.shape[0] * context.num_replicas_in_sync, *x.shape[1:]])
