"""What all networks have in common."""

import keras


class Network(keras.Model):
    """A network that remembers the arguments it was built with, so that it can be saved, rebuilt and asked for them.

    Args:
        name: of the network.
        dtype: None for the precision in force.
        **config: the other arguments of the subclass.
    """

    _default_save_signature = None  # Keras would trace a call with the first input alone into every export

    def __init__(self, name, dtype=None, **config):
        super().__init__(name=name, dtype=dtype)
        tuples = {key: tuple(value) for key, value in config.items() if isinstance(value, list)}  # as JSON gives them
        self.config = {**config, **tuples, "name": name}

    def get_config(self):
        return self.config
