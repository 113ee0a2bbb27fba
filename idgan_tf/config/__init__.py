"""Configurations: gin files read as texts, the state of gin, and the value that stands for both."""

from idgan_tf.config.configuration import Configuration, allowed_imports

__all__ = ["Configuration", "allowed_imports"]
