"""A sweep: one gin file that names another and the values of one of its parameters, for a run each.

    sweep.gin_file = "gin/ibgan_dsprites.gin"
    sweep.parameter = "IBGAN.beta"
    sweep.values = (0.0, 0.141, 1.0)

`bin/train` trains them one after another in <run_dir>/beta_0, <run_dir>/beta_0.141 ..., continues what is unfinished
and passes over what is done.
"""

import gin

from idgan_tf.errors import require


@gin.configurable
def sweep(gin_file, parameter, values):
    """{name of a run's folder: (gin file, binding)}.

    Raises:
        ConfigError: `values` is no list of numbers, or two of them would share a folder.
    """
    numbers = isinstance(values, (tuple, list)) and all(type(value) in (int, float) for value in values)
    require(numbers and values, f"sweep.values must be numbers such as (0.0, 0.5), got {values!r}")
    name = parameter.split(".")[-1]
    runs = {f"{name}_{value:g}": (gin_file, f"{parameter} = {value!r}") for value in values}
    require(len(runs) == len(values), f"sweep.values repeats a number: {values!r}")
    return runs


def runs_of(gin_files, gin_params, run_dir, allow_imports=()):
    """[(gin files, bindings, folder)] of the runs that a command line asks for: those of a sweep, or one."""
    from idgan_tf import config

    if not any(name.startswith("sweep.") for name in config.literals(config.find(gin_files[0]))):
        return [(gin_files, gin_params, run_dir)]
    config.load(gin_files[:1], (), allow_imports)
    return [
        ([gin_file, *gin_files[1:]], [*gin_params, binding], run_dir / name)
        for name, (gin_file, binding) in sweep().items()
    ]
