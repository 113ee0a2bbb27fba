"""What people get wrong, over all commands: one line, the documented exit code, nothing written."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.faults import forked
from tests.helpers import PROJECT

pytestmark = pytest.mark.fault
COMMANDS = sorted(path.name for path in (PROJECT / "bin").iterdir())
TINY = ["--gin_file=tests/tiny.gin", "--gin_allow_import=tests", "--run_dir={run}"]


def tiny(binding):
    return [*TINY, f"--gin_param={binding}"]


CASES = [  # command, arguments, exit code, what the line says
    ("train", [], 2, "--gin_file"),
    ("train", ["--gin_file=gin/quikstart.gin"], 2, "did you mean gin/quickstart.gin"),
    ("train", ["--gin_file=gin"], 2, "no gin file"),
    ("train", ["--gin_fil=x"], 2, "gin_fil"),
    ("train", ["gin/quickstart.gin"], 2, "unexpected argument"),
    ("train", ["--gin_file={folder}/broken.gin"], 2, "broken.gin"),
    ("train", ["--gin_file={folder}/twice.gin"], 2, "twice.gin:3 binds train.seed again"),
    ("train", ["--gin_file={folder}/foreign.gin"], 2, "--gin_allow_import=os"),
    ("train", ["--gin_file={folder}/late.gin"], 2, "--gin_allow_import=antigravity"),
    ("train", ["--gin_file={folder}/expression.gin"], 2, "expression.gin"),
    ("train", tiny("train.seed = 3000000000"), 2, "train.seed must be below 2^31"),
    ("train", ["--gin_file=tests/tiny.gin"], 2, "--gin_allow_import=tests"),
    ("train", tiny("IDGAN.lamda_id = 1.0"), 2, "lamda_id"),
    ("train", tiny("IDGun.lambda_id = 1.0"), 2, "IDGun"),
    ("train", tiny("LATENT_DIMM = 3"), 2, "LATENT_DIMM"),
    ("train", tiny("generater/keras.optimizers.RMSprop.learning_rate = 3.0"), 2, "the scopes in use are discriminator"),
    ("train", tiny("LATENT_DIM = 3"), 2, "latent_dim"),
    ("train", tiny('IDGAN.lambda_id = "abc"'), 2, "IDGAN.lambda_id must be a number"),
    ("train", tiny("IDGAN.lambda_id = -1.0"), 2, "IDGAN.lambda_id must be >= 0"),
    ("train", tiny("IDGAN.average_decay = 1.5"), 2, "average_decay must be below 1"),
    ("train", tiny("IDGAN.nuisance_dim = 99"), 2, "nuisance_dim"),
    ("train", tiny("train.batch_size = -4"), 2, "train.batch_size must be >= 1"),
    ("train", tiny("train.batch_size = 2.5"), 2, "train.batch_size must be an integer"),
    ("train", tiny('train.jit_compile = "no"'), 2, "train.jit_compile must be True or False, got 'no'"),
    ("train", tiny("IDGAN.lambda_id = 1e999"), 2, "IDGAN.lambda_id must be finite, got inf"),
    ("train", tiny("train.batch_size = 4096"), 2, "48 examples"),
    ("train", tiny('train.precision = "float16"'), 2, "train.precision must be one of"),
    ("train", tiny("train.seed"), 2, "name.parameter = value"),
    ("train", tiny('train.metrics = ("fmv",)'), 2, "no metric 'fmv'"),
    ("train", tiny("train.rollback_factor = 2.0"), 2, "rollback_factor must be in (0, 1)"),
    ("train", tiny("train.dataset = 3"), 2, "train.dataset must be a dataset"),
    ("train", ["--gin_file=tests/tiny.gin", "--gin_allow_import=tests", "--run_dir=/proc/run"], 3, "/proc/run"),
    ("train", ["--gin_file=tests/tiny.gin", "--gin_allow_import=tests", "--run_dir={folder}"], 2, "holds no run"),
    ("train", ["--gin_file=gin/idgan_celebahq.gin", "--run_dir={run}"], 3, "prepare_data"),
    ("train", [*TINY, "--from_run={folder}/none"], 2, "is no run directory"),
    ("train", [*TINY, "--from_run=pretrained:none"], 2, "none"),
    ("evaluate", ["--metrics=fvm"], 2, "pass one of --run_dir, --codes, --features and --images"),
    ("evaluate", ["--features={codes}"], 2, "--features takes two files, of real images and of generated ones"),
    ("evaluate", ["--features={codes},{folder}/few.npz"], 3, "must hold the array features [N, F], and holds codes"),
    ("evaluate", ["--features={folder}/none.npz,{folder}/few.npz"], 3, "cannot read"),
    ("evaluate", ["--features={folder}/few.npz,{folder}/torn.npz"], 3, "cannot read"),
    ("evaluate", ["--features={folder}/few.npz,{folder}/few.npz", "--metrics=mig"], 2, "no metric of features 'mig'"),
    (
        "evaluate",
        ["--features={folder}/few.npz,{folder}/few.npz", "--metrics=precision_recall"],
        2,
        "at least 4 images",
    ),
    ("evaluate", ["--features={folder}/few.npz,{folder}/wide.npz"], 2, "have 3 dimensions, generated ones 4"),
    ("evaluate", ["--features={folder}/wide.npz,{folder}/wide2.npz", "--metrics=mind"], 2, "as many generated images"),
    ("evaluate", ["--features={folder}/few.npz,{folder}/infinite.npz", "--metrics=fid"], 4, "1 non-finite of 9"),
    ("evaluate", ["--codes="], 2, "pass one of --run_dir, --codes, --features and --images"),
    ("evaluate", ["--codes={codes},{codes}", "--metrics=udr", "--gin_param=udr.num_samples = 9"], 2, "udr as it is"),
    ("evaluate", ["--codes={codes}", "--metrics=migg"], 2, "no metric 'migg'"),
    ("evaluate", ["--codes={codes}", "--metrics=rid"], 2, "no metric of codes 'rid'"),
    ("evaluate", ["--codes={folder}/none.npz"], 3, "cannot read"),
    ("evaluate", ["--codes={folder}/other.npz"], 3, "must hold the arrays codes"),
    ("evaluate", ["--codes={folder}/nan.npz", "--metrics=mig"], 4, "non-finite"),
    ("evaluate", ["--codes={folder}/pickle.npz", "--metrics=mig"], 3, "cannot read"),
    ("evaluate", ["--codes={folder}/torn.npz", "--metrics=mig"], 3, "cannot read"),
    ("evaluate", ["--codes={folder}/empty.npz", "--metrics=mig"], 3, "cannot read"),
    ("evaluate", ["--codes={folder}/words.npz", "--metrics=mig"], 2, "real numbers"),
    ("evaluate", ["--run_dir={empty}", "--metrics=fvm"], 5, "no checkpoint"),
    ("evaluate", ["--images={folder}"], 2, "--images and --reference belong together"),
    ("evaluate", ["--run_dir={folder}"], 2, "no run directory"),
    ("reproduce", ["--study=idgan_tabel2"], 2, "there are idgan_table2"),
    ("reproduce", ["--study=label_toy", "--scale=large"], 2, "there are paper, cpu, smoke"),
    ("reproduce", ["--study=label_toy", "--only=5/4"], 2, "--only takes i/n"),
    ("reproduce", ["--study=label_toy", "--runs=/proc/runs"], 3, "/proc/runs"),
    ("reproduce", ["--study=label_toy", "--runs={run}", "--gin_param=train.batch = 3"], 2, "batch"),
    ("report", ["--study=idgan_tabel2"], 2, "there are idgan_table2"),
    ("report", ["--study=label_toy", "--runs={empty}"], 2, "bin/reproduce writes them"),
    ("visualize", [], 2, "pass --run_dir"),
    ("visualize", ["--run_dir={folder}/nothing"], 2, "no run directory"),
    ("export", ["--run_dir={folder}"], 2, "no run directory"),
    ("export", ["--run_dir={empty}"], 5, "no checkpoint"),
    ("export", ["--run_dir={empty}", "--best"], 5, "train.evaluate_every was not set"),
    *(
        (name, ["--run_dir=pretrained:idgun"], 2, "no pretrained model 'idgun'; there are")
        for name in ("evaluate", "explore", "export", "report", "visualize")
    ),
    ("train", ["--gin_file=tests/tiny.gin", "--gin_allow_import=tests", "--run_dir=pretrained:x"], 2, "trained on"),
    ("benchmark", [], 2, "--gin_file"),
    ("benchmark", ["--gin_file=gin/quickstart.gin", "--seconds=-1"], 2, "seconds"),
    ("prepare_data", [], 2, "pass --dataset and --source"),
    ("prepare_data", ["--dataset=celeb", "--source={folder}"], 2, "no dataset 'celeb'"),
    ("prepare_data", ["--dataset=image_folder", "--source={folder}/none", "--data_dir={run}"], 3, "none"),
    ("prepare_data", ["--dataset=image_folder", "--source={folder}/slip.zip", "--data_dir={run}"], 3, "../out.png"),
    ("prepare_data", ["--dataset=image_folder", "--source={folder}/page.zip", "--data_dir={run}"], 3, "page.zip"),
    ("report", [], 2, "pass --run_dir"),
    ("report", ["--run_dir={folder}"], 2, "no run directory"),
    *((name, ["--no_such_flag=1"], 2, "no_such_flag") for name in COMMANDS),
    *((name, ["stray"], 2, "unexpected argument 'stray'") for name in COMMANDS),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A folder of bad things, a run without a checkpoint, and good codes."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "broken.gin").write_text("train.num_steps = = 3\n")
    (folder / "twice.gin").write_text("train.seed = 1\ntrain.batch_size = 4\ntrain.seed = 2\n")
    (folder / "foreign.gin").write_text("import os.path\n")
    (folder / "late.gin").write_text("import antigravity\ntrain.num_steps = = 3\n")
    (folder / "expression.gin").write_text("train.num_steps = __import__('os').getpid()\n")
    np.savez(folder / "other.npz", z=np.zeros(3))
    np.savez(folder / "nan.npz", codes=np.full((9, 2), np.nan), factors=np.arange(18).reshape(9, 2))
    np.savez(folder / "pickle.npz", codes=np.array([{}], dtype=object), factors=np.zeros([1, 1]))
    (folder / "torn.npz").write_bytes((folder / "nan.npz").read_bytes()[:200])
    (folder / "empty.npz").touch()
    np.savez(folder / "words.npz", codes=np.full((9, 2), "a"), factors=np.arange(18).reshape(9, 2))
    np.savez(folder / "few.npz", features=np.eye(3))
    np.savez(folder / "infinite.npz", features=np.diag([1.0, np.inf, 1.0]))
    np.savez(folder / "wide.npz", features=np.eye(4))
    np.savez(folder / "wide2.npz", features=np.zeros((5, 4)))
    np.savez(folder / "codes.npz", codes=np.zeros((9, 2)), factors=np.arange(18).reshape(9, 2))
    Image.new("L", (8, 8)).save(folder / "image.png")
    with zipfile.ZipFile(folder / "slip.zip", "w") as archive:
        archive.write(folder / "image.png", "../out.png")
    (folder / "page.zip").write_text("<html>quota exceeded</html>")
    (folder / "empty").mkdir()
    (folder / "empty" / "config.gin").write_text("")
    return folder


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: f"{n}-{CASES[n][0]}-{CASES[n][3]}")
def test_one_line_and_the_exit_code(number, places, tmp_path):
    name, arguments, code, says = CASES[number]
    words = {"folder": places, "codes": places / "codes.npz", "empty": places / "empty", "run": tmp_path / "run"}
    before = sorted(places.rglob("*"))
    process = forked.run(name, [argument.format(**words) for argument in arguments])
    lines = [line for line in process.stderr.splitlines() if line.startswith(f"{name}: ")]
    assert process.returncode == code, process.stderr[-2000:]
    assert len(lines) == 1 and says in lines[0], process.stderr[-2000:]
    assert "Traceback" not in process.stderr
    assert sorted(places.rglob("*")) == before, "nothing is written where it does not belong"
    assert not list(tmp_path.rglob("step-*"))
