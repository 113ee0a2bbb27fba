"""bin/explore: sliders over the code of a run in the browser, at 127.0.0.1 and nowhere else.

    bin/explore
    bin/explore --run_dir=runs/quickstart
    bin/explore --run_dir=runs/betavae_dsprites --run_dir=runs/idgan_dsprites

Without a run it opens one that comes with idgan_tf: an ID-GAN of dSprites. Several runs stand side by side, drawing the
same code, which must have as many dimensions in each.
Move a dimension and see what it changes; give it a name; draw another nuisance or code; encode an image; go from
one state to another; take pictures and codes away.
"""

import importlib.util
import socket

from absl import flags

from idgan_tf.commands import cli, early
from idgan_tf.errors import ConfigError
from idgan_tf.explorer import HOST

FLAGS = cli.flags_of("best")
flags.DEFINE_multi_string(
    "run_dir",
    ["pretrained:idgan_dsprites"],
    "The run to explore, or pretrained:<name>; several stand side by side.",
    flag_values=FLAGS,
)
flags.DEFINE_integer(
    "port", 8042, "Where the page is: http://127.0.0.1:<port>/.", flag_values=FLAGS, lower_bound=1, upper_bound=65535
)


def check():
    """Finds what is wrong at once."""
    for run_dir in FLAGS.run_dir or [None]:
        early.run(run_dir, FLAGS.best)
    if importlib.util.find_spec("nicegui") is None:
        raise ConfigError("the page needs NiceGUI: pip install 'idgan_tf[app]', or '.[app]' in a checkout")
    require_free(HOST, FLAGS.port)


def main():
    """Runs the command."""
    from idgan_tf import pretrained, runs
    from idgan_tf.explorer import page
    from idgan_tf.explorer.explorer import Explorer
    from idgan_tf.explorer.model import Model
    from idgan_tf.run_directory import Run

    models = []
    for run in map(Run, map(pretrained.place, FLAGS.run_dir)):
        models.append(Model(run, *runs.load_with_data(run.path, FLAGS.gin_allow_import, FLAGS.best)))
    explorer = Explorer(models)
    print(f"http://{HOST}:{FLAGS.port}/   (Ctrl-C ends it)", flush=True)
    page.serve(explorer, FLAGS.port)


def require_free(host, port):
    """Raises ConfigError when something listens at a port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(f"cannot use port {port}: {error.strerror}; pass another --port") from error


def start():
    cli.run(main, __doc__, FLAGS, check)
