"""bin/prepare_data: turns what people download into the arrays that training reads.

    bin/prepare_data --list [--dataset=celeba64]
    bin/prepare_data --dataset=celeba64 --source=~/Downloads/img_align_celeba.zip
    bin/prepare_data --dataset=celeba64 --source=tfds
    bin/prepare_data --dataset=image_folder --source=photos.zip
    bin/prepare_data --dataset=mine.gin --source=PATH --gin_allow_import=mine     # a dataset of one's own

--source=tfds reads what TFDS has prepared on this machine in its default folder, --source=tfds:DIR in the data_dir
DIR. Where it has prepared nothing, it downloads and prepares the dataset now; for celeb_a_hq it wants data1024x1024.tar
in DIR/downloads/manual. A folder named tfds is --source=./tfds.

A published archive, or TFDS, must hold the full number of images, or the command ends; with --on_error=skip, and
for a folder or an archive of another name, a different number is a warning.

What is prepared already is kept: the same command ends at once, and another source under the same name is an error,
unless --replace has it prepared anew beside the other and put in its place at the end.

A dataset is written whole or not at all; after a kill the same command goes on where it stopped. Images that
cannot be used end the command, or are left out and counted with --on_error=skip.
"""

from absl import flags

from idgan_tf.commands import cli
from idgan_tf.config.gin_files import PROJECT, require_readable
from idgan_tf.errors import ConfigError

FLAGS = cli.flags_of(gin_param="A binding such as 'ImageFolder.labels = True'; overrides gin/data/.")
flags.DEFINE_string(
    "dataset",
    None,
    "One of the datasets that --list shows: the name of a file in gin/data/. Or the path of a .gin file.",
    flag_values=FLAGS,
)
flags.DEFINE_string(
    "source", None, "The downloaded folder or archive; tfds or tfds:DIR for what TFDS has prepared.", flag_values=FLAGS
)
flags.DEFINE_string(
    "data_dir", None, "Where to write <name>/. Default: data/ in the user's cache folder.", flag_values=FLAGS
)
flags.DEFINE_enum(
    "on_error",
    "error",
    ["error", "skip"],
    "What to do with images that cannot be used or are missing.",
    flag_values=FLAGS,
)
flags.DEFINE_integer(
    "max_skipped", 100, "With --on_error=skip, how many may be left out.", flag_values=FLAGS, lower_bound=0
)
flags.DEFINE_bool(
    "replace",
    False,
    "Prepare anew what is prepared already; it is there until the new one is whole.",
    flag_values=FLAGS,
)
flags.DEFINE_bool(
    "list",
    False,
    "Show all datasets, or that of --dataset: where to get it, its size, licence and files.",
    flag_values=FLAGS,
)


def check():
    """Finds what is wrong at once."""
    if not FLAGS.list and not (FLAGS.dataset and FLAGS.source):
        raise ConfigError("pass --dataset and --source; --list shows the datasets and the files they need")
    if FLAGS.dataset:
        require_readable([_file_of(FLAGS.dataset)], FLAGS.gin_param, FLAGS.gin_allow_import)


def main():
    """Runs the command."""
    if FLAGS.list:
        print(cli.named("\n\n".join(map(entry, [_asked()] if FLAGS.dataset else map(dataset_of, names())))))
        return
    from idgan_tf.data.image_folder import ImageFolder
    from idgan_tf.data.preparation import writing
    from idgan_tf.data.prepared import PreparedDataset

    dataset = _asked()
    if not isinstance(dataset, PreparedDataset):
        raise ConfigError(f"{FLAGS.dataset} needs no preparation; train on {_file_of(FLAGS.dataset)} as it is")
    if isinstance(dataset, ImageFolder):
        dataset.named_after(FLAGS.source)
    dataset.data_dir = FLAGS.data_dir or dataset.data_dir
    writing.prepare(dataset, FLAGS.source, FLAGS.on_error, FLAGS.max_skipped, FLAGS.replace)


def names():
    """The datasets of gin/data/."""
    return sorted(path.stem for path in (PROJECT / "gin" / "data").glob("*.gin"))


def _asked():
    return dataset_of(FLAGS.dataset, FLAGS.gin_param, FLAGS.gin_allow_import)


def dataset_of(name, bindings=(), allow_imports=()):
    """The dataset that gin/data/<name>.gin describes, or the .gin file whose path `name` is.

    Raises:
        ConfigError: there is none of that name, or a binding or import is wrong.
    """
    from idgan_tf.config import Configuration
    from idgan_tf.training import build

    return build.dataset(Configuration([_file_of(name)], bindings, allow_imports, is_part=True))


def _file_of(name):
    if name.endswith(".gin"):
        return name
    if name not in names():
        raise ConfigError(f"no dataset {name!r}; there are {', '.join(names())}, or pass the path of a .gin file")
    return f"gin/data/{name}.gin"


def entry(dataset):
    """What --list says about a dataset."""
    tfds = getattr(dataset, "tfds", "")
    lines = [
        ("from", dataset.home),
        ("size", dataset.weight),
        ("licence", dataset.licence),
        ("files", dataset.layout),
        ("or", tfds and f"--source=tfds ({tfds})"),
        ("instead", getattr(dataset, "stand_in", "")),
    ]
    shape = "x".join(map(str, dataset.image_shape))
    return "\n".join([f"{dataset.name}: {shape}", *(f"    {key:8s}{value}" for key, value in lines if value)])


def start():
    cli.run(main, __doc__, FLAGS, check)
