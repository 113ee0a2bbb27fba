"""Loading what a run directory holds.

Nothing here changes what its caller has set: gin, the generators of random numbers and the precision of Keras are left
as they were. The one effect is that the modules which a run's configuration names are imported, so that gin knows their
names from then on. Any number of runs can be loaded and used in turn, by any threads: gin has one configuration, so
that they load one after the other. What draws from the global generators of Python and NumPy in another thread
meanwhile is not as random as it thinks.
"""


def load(run_dir, allow_imports=(), best=False):
    """The method of a run, ready to encode / decode / generate; see `load_with_data`."""
    return load_with_data(run_dir, allow_imports, best)[0]


def load_with_data(run_dir, allow_imports=(), best=False):
    """The method of a run with its newest good checkpoint, or its best one, and the dataset it was trained on.

    Averaged weights are used where the method keeps them.

    Args:
        run_dir: a run directory, or "pretrained:<name>" for a model that comes with the package.
        allow_imports: packages outside idgan_tf and keras that its config.gin may import.
        best: whether to take the checkpoint that scored best during the training (`train.metrics`).

    Returns:
        (method, dataset).

    Raises:
        ConfigError: `run_dir` holds no run, or no such model comes with the package.
        CheckpointError: it holds no checkpoint that can be used.
        DataError: its names of dimensions cannot be read.
    """
    return restore(run_dir, configuration(run_dir, allow_imports=allow_imports), best)


def configuration(run_dir, gin_files=(), bindings=(), allow_imports=()):
    """The `Configuration` of a run, with what is read after its own config.gin: settings of metrics and figures.

    Raises:
        ConfigError: `run_dir` holds no run, or something in the files or bindings is wrong.
    """
    import gin

    from idgan_tf.config import gin_state

    with gin_state.restored(), gin.unlock_config():  # that of the caller may be locked, and imports register names
        import idgan_tf.training.build  # noqa: F401 - gin must know `train`
    from idgan_tf.config import Configuration

    run = _run(run_dir)
    run.require_run()
    return Configuration([run.config.resolve(), *gin_files], bindings, allow_imports)


def restore(run_dir, configuration, best=False):
    """As `load_with_data`, by a configuration that `configuration` gave."""
    from idgan_tf import dimension_names, pretrained
    from idgan_tf.training import build, checkpoint

    run = _run(run_dir)
    run.require_checkpoint(best)
    settings = build.settings(configuration)
    method = build.method(settings, run)
    if run.is_pretrained:
        pretrained.restore(run, method)
    else:
        checkpoint.restore(run.best if best else run.checkpoints, checkpoint.state(method))
    if hasattr(method, "dimension_names"):
        method.dimension_names = dimension_names.read(run, method.code_dim)
    return method, settings.dataset


def _run(run_dir):
    from idgan_tf import pretrained
    from idgan_tf.run_directory import Run

    return Run(pretrained.folder(run_dir))
