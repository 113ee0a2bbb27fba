"""Generative models with a code that people can read. Nothing is imported here: --help is to be fast."""


def __getattr__(name):
    if name == "__version__":
        import importlib.metadata

        return importlib.metadata.version(__name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
