"""Who has features alone needs no TensorFlow: this process cannot import it."""

import numpy as np

from tests.evaluation.codes.test_without_tensorflow import COMMAND, python
from tests.evaluation.features.made import normal


def test_every_metric_of_features_is_measured(tmp_path):
    for name, seed in (("real", 0), ("made", 1)):
        np.savez(tmp_path / f"{name}.npz", features=normal(40, 3, seed).astype(np.float16))
    process = python(COMMAND, "bin/evaluate", f"--features={tmp_path}/real.npz,{tmp_path}/made.npz", "--metrics=all")
    assert process.returncode == 0, process.stderr
    names = [line.split()[0] for line in process.stdout.splitlines()]
    assert set(names) == {
        f"{name}40" for name in ("precision", "recall", "density", "coverage", "mind", "mmd_rbf", "fd", "kd")
    }
