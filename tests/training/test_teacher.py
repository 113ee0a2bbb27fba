"""The networks of a first stage, as the second reads them."""

import subprocess
import sys

from idgan_tf.networks.conv import ConvEncoder
from tests.helpers import PROJECT

READ = """
import pathlib, sys
from idgan_tf.training import teacher
assert "idgan_tf.networks.conv" not in sys.modules
print(type(teacher.teacher(pathlib.Path(sys.argv[1]), "", roles=("encoder",))["teacher_encoder"]).__name__)
"""


def test_a_new_process_reads_a_teacher_whose_class_nothing_has_imported(tmp_path):
    ConvEncoder((64, 64, 1), 4, "torch").save(tmp_path / "teacher_encoder.keras")
    read = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path)], cwd=PROJECT, capture_output=True, text=True, timeout=300
    )
    assert read.stdout.strip() == "ConvEncoder", read.stderr[-2000:]
