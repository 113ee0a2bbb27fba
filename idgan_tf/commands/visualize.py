"""bin/visualize: figures of a run as PNG and GIF files in <run_dir>/figures/, and comparisons of several runs.

    bin/visualize --run_dir=runs/quickstart --figures=samples,traversal
    bin/visualize --run_dir=runs/ibgan_dsprites --figures=mi_bounds
    bin/visualize --run_dir=runs/ibgan_beta_dsprites --figures=beta,mi_bounds
    bin/visualize --run_dir=runs/idgan_dsprites --run_dir=runs/betavae_dsprites --figures=fvm_fid
    bin/visualize --run_dir=runs/betavae_dsprites --run_dir=runs/idgan_dsprites --figures=compare_factors
    bin/visualize --run_dir=R --figures=inpainting --gin_param='inpainting.mask = "mask.png"'
    bin/visualize --run_dir=R --figures=swap --gin_file=gin/data/facescrub_casia.gin
    bin/visualize --list [--gin_file=mine.gin --gin_allow_import=mine]

A folder of runs stands for all runs in it. Some figures are one picture of all of them, in figures/ of the folder that
holds them, of what the runs wrote down or of what they make of the same codes and images; all others are drawn for each
run that can have them. A figure of your own is a function in a module that a gin file imports:
idgan_tf/visualize/registry.py says how.
"""

import contextlib

from absl import flags, logging

from idgan_tf import pretrained, run_directory
from idgan_tf.commands import cli, early
from idgan_tf.errors import CheckpointError, ConfigError, DataError, message

FLAGS = cli.flags_of(
    "best",
    gin_file="A gin file read after the run's own, such as that of other images.",
    gin_param="A binding such as 'inpainting.mask = \"mask.png\"'.",
)
flags.DEFINE_multi_string(
    "run_dir", [], "A run to draw, a folder of runs, or pretrained:<name>; several are allowed.", flag_values=FLAGS
)
flags.DEFINE_list("figures", [], "Names of figures, or none for all that the method can have.", flag_values=FLAGS)
flags.DEFINE_bool("list", False, "Show the figures and end.", flag_values=FLAGS)


def check():
    """Finds what is wrong at once."""
    early.configuration(FLAGS)
    if FLAGS.list:
        return
    if not FLAGS.run_dir:
        raise ConfigError(f"which run? pass --run_dir, {early.EXAMPLE}")
    for folder in FLAGS.run_dir:
        run_directory.within(pretrained.folder(folder))
    early.names(FLAGS.figures, "figure", FLAGS)


def main():
    """Runs the command."""
    if FLAGS.list:
        _list()
        return
    from idgan_tf.visualize import comparisons, curves
    from idgan_tf.visualize.registry import OF_A_RUN, OF_LOGS, OF_RUNS

    found = [run for folder in FLAGS.run_dir for run in run_directory.within(pretrained.place(folder))]
    named = _named(found)
    if named[OF_LOGS]:
        _show(curves.write(found, named[OF_LOGS]))
    with contextlib.ExitStack() as stack:
        if named[OF_RUNS]:
            _show(comparisons.write(found, named[OF_RUNS], lambda run: _load(run, stack)))
        if named[OF_A_RUN] or not FLAGS.figures:
            _draw(found, named[OF_A_RUN], lambda run: _load(run, stack))


def _named(found):
    """{kind: names} of the figures that were asked for.

    Raises:
        ConfigError: there is no figure of a name, not in a module either that the first run, or a gin file, imports.
    """
    from idgan_tf import runs
    from idgan_tf.visualize import registry

    if set(FLAGS.figures) - registry.known().keys():
        runs.configuration(found[0].path, FLAGS.gin_file, FLAGS.gin_param, FLAGS.gin_allow_import)  # its imports
    known = registry.known()
    for name in FLAGS.figures:
        if name not in known:
            raise ConfigError(f"no figure {name!r}; there are {', '.join(known)}")
    kinds = (registry.OF_A_RUN, registry.OF_RUNS, registry.OF_LOGS)
    return {kind: [name for name in FLAGS.figures if known[name].kind == kind] for kind in kinds}


def _list():
    from idgan_tf.config import Configuration
    from idgan_tf.training import build  # noqa: F401 - gin is to know `train`
    from idgan_tf.visualize import registry

    registry.known()  # gin is to know their parameters, too
    Configuration(FLAGS.gin_file, FLAGS.gin_param, FLAGS.gin_allow_import, is_part=True)  # may import more of them
    for kind in (registry.OF_A_RUN, registry.OF_RUNS, registry.OF_LOGS):
        print(f"Figures {kind}:")
        for name, figure in registry.known(kind).items():
            print(f"  {name:19} {figure.shows}")


def _load(run, stack):
    """(method, dataset) of a run, whose configuration stays in force until `stack` is closed, or given the next run."""
    from idgan_tf import runs

    stack.close()
    configuration = runs.configuration(run.path, FLAGS.gin_file, FLAGS.gin_param, FLAGS.gin_allow_import)
    stack.enter_context(configuration.in_force())
    return runs.restore(run.path, configuration, FLAGS.best)


def _draw(found, names, load):
    """Draws figures of runs; of several, each those that it can have, and one that can have none is left out aloud.

    Raises:
        ConfigError, CheckpointError, DataError: that was the last one, and none was drawn.
    """
    from idgan_tf.visualize import figures

    drawn = False
    for run in found:
        try:
            method, dataset = load(run)
            possible = (
                [name for name in names if name in figures.available(method, dataset)] if len(found) > 1 else names
            )
            _show(figures.write(run, method, dataset, possible or names))
            drawn = True
        except (ConfigError, CheckpointError, DataError) as error:
            if run is found[-1] and not drawn:
                raise
            logging.warning("%s is left out: %s", run.path, message(error))


def _show(paths):
    for path in paths:
        print(f"wrote {path}")


def start():
    cli.run(main, __doc__, FLAGS, check)
