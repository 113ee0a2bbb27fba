"""Loading what a run directory holds."""


def load(run_dir, allow_imports=(), best=False):
    """The method of a run, ready to encode / decode / generate; see `load_with_data`."""
    return load_with_data(run_dir, allow_imports=allow_imports, best=best)[0]


def load_with_data(run_dir, gin_files=(), bindings=(), allow_imports=(), best=False):
    """The method of a run with its newest good checkpoint, or its best one, and the dataset it was trained on.

    Averaged weights are used where the method keeps them.

    Args:
        run_dir: a run directory, or "pretrained:<name>" for a model that comes with the package.
        gin_files, bindings: read after the run's own configuration, for the settings of metrics and figures.
        allow_imports: packages outside idgan_tf and keras that its config.gin may import.
        best: whether to take the checkpoint that scored best during the training (`train.metrics`).

    Returns:
        (method, dataset).

    Raises:
        ConfigError: `run_dir` holds no run, or no such model comes with the package.
        CheckpointError: it holds no checkpoint that can be used.
    """
    from idgan_tf import config, pretrained
    from idgan_tf.run_directory import Run
    from idgan_tf.training import build, checkpoint

    run = Run(pretrained.folder(run_dir))
    run.require_checkpoint(best)
    config.load([str(run.config.resolve()), *gin_files], bindings, allow_imports)
    settings = build.settings()
    method = build.method(settings, run)
    if run.is_pretrained:
        pretrained.restore(run, method)
    else:
        checkpoint.restore(run.best if best else run.checkpoints, checkpoint.state(method))
    return method, settings.dataset
