"""A sweep: one gin file that names another and the values of one of its parameters, for a run each.

    sweep.gin_file = "gin/ibgan_dsprites.gin"
    sweep.parameter = "IBGAN.beta"
    sweep.values = (0.0, 0.141, 1.0)

`bin/train` trains them one after another in <run_dir>/beta_0, <run_dir>/beta_0.141 ..., continues what is unfinished
and passes over what is done.
"""

import gin

import idgan_tf.training.build  # noqa: F401 - gin must know `train`
from idgan_tf.config import Configuration
from idgan_tf.config.gin_files import find, literals
from idgan_tf.errors import require
from idgan_tf.evaluation.metric import metrics
from idgan_tf.visualize import registry

SWEEP = "sweep."  # begins what is bound of it


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


def runs_of(gin_files, bindings, allow_imports, run_dir):
    """[(`Configuration`, folder)] of the runs that a command line asks for: those of a sweep, or one.

    Args:
        gin_files, bindings, allow_imports: as of a `Configuration`; the first file may be a sweep, of which bindings
            such as "sweep.values = (0.1,)" change what it asks.
        run_dir: the folder of the run, or of those of the sweep.

    Raises:
        ConfigError: something in one of them is wrong.
    """
    metrics()  # gin must know what a training measures and draws by, too
    registry.known()
    asked, others = [], []
    for binding in bindings:
        (asked if binding.lstrip().startswith(SWEEP) else others).append(binding)
    is_sweep = [any(name.startswith(SWEEP) for name in literals(find(file))) for file in gin_files]
    require(not any(is_sweep[1:]), "a sweep must be the first --gin_file, and the only sweep")
    require(is_sweep[0] or not asked, f"{gin_files[0]} is no sweep: {'; '.join(asked)} would change nothing")
    if not is_sweep[0]:
        return [(Configuration(gin_files, bindings, allow_imports), run_dir)]
    with Configuration(gin_files[:1], asked, allow_imports).in_force():
        values = gin.get_configurable(sweep)()
    return [
        (Configuration([gin_file, *gin_files[1:]], [*others, binding], allow_imports), run_dir / name)
        for name, (gin_file, binding) in values.items()
    ]
