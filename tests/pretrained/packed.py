"""Tiny runs, packed as models that come with the package."""

from idgan_tf import runs
from idgan_tf.experiments import packing
from idgan_tf.experiments.scores import configuration_of
from idgan_tf.files import sha256
from idgan_tf.run_directory import Run
from idgan_tf.training import checkpoint
from tests.helpers import build_tiny

FEW = ["fvm.num_votes = 30", "fvm.num_variance_samples = 48"]
MADE = {"commit": "0123abc", "commands": ["bin/train --gin_file=a.gin", "bin/train --gin_file=b.gin"], "minutes": 90.0}
TINY = "tests/tiny/idgan.gin"
READ = {  # the networks that are shipped: no discriminator, no raw weights where there are averages
    TINY: {"teacher_encoder", "teacher_decoder", "average_generator"},
    "gin/ibgan_dsprites.gin": {"encoder", "generator", "front", "reconstructor"},
    "tests/tiny/label_relevant_vae.gin": {"encoder_s", "encoder_u", "decoder", "mixture"},
}


def trained(gin_file, folder):
    """A run at step 12, whose weights are others than those that it began with."""
    settings, method = build_tiny(gin_file, folder)
    for number, network in enumerate(method.networks.values(), 1):
        for variable in network.trainable_variables:
            variable.assign(variable * (1.0 + 0.03 * number))
    method.step.assign(12)
    run = Run(folder)
    run.config.write_text(settings.configuration.text)
    checkpoint.save(run.checkpoints, checkpoint.state(method))
    return run


def pack(run, name, **changes):
    configuration = configuration_of(run.path, bindings=FEW, allow_imports=["tests"])
    return packing.pack(run, configuration, name, **{**MADE, "metrics": "fvm", **changes})


def load(name):
    return runs.load(name, allow_imports=["tests"])


def files(folder):
    return {str(path.relative_to(folder)): sha256(path) for path in folder.rglob("*") if path.is_file()}
