"""Figures of what runs wrote down, from metrics files made by hand."""

import json

import numpy as np
import pytest
from PIL import Image

from idgan_tf import run_directory, run_log
from idgan_tf.errors import ConfigError
from idgan_tf.reports import charts
from idgan_tf.run_directory import Run
from idgan_tf.visualize import curves, registry
from tests.helpers import command


def write_run(folder, settings, training=(), evaluations=()):
    folder.mkdir(parents=True)
    (folder / "config.gin").write_text("".join(f"{name} = {value!r}\n" for name, value in settings.items()))
    lines = [*training, *({"protocol": {"seed": 0}, **record} for record in evaluations)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Run(folder)


def ibgan(folder, beta, dimensions=3):
    """A run whose bounds rise to 10 / (1 + 9 beta), a dimension after the other."""
    training = []
    for step in range(100, 3001, 100):
        kl = [min(max(0.0, step / 1000 - i), 1.0) * (4 - i) / (1 + 9 * beta) for i in range(dimensions)]
        values = {f"kl_{i}": value for i, value in enumerate(kl)}
        training.append({"step": step, "mi_lower": 0.9 * sum(kl), "mi_upper": sum(kl), **values})
    evaluations = [{"step": step, "fvm": score} for step, score in ((1000, 0.4), (2000, 0.7), (3000, 0.6))]
    settings = {"IBGAN.beta": float(beta), "train.method": "IBGAN"}
    return write_run(folder / f"beta_{beta:g}", settings, training, evaluations)


def drawn(monkeypatch, name, found, tmp_path):
    """(the axes of a figure, its path)."""
    seen = []
    genuine = curves.picture
    monkeypatch.setattr(curves, "picture", lambda figure: seen.append(figure) or genuine(figure))
    (path,) = curves.write(found, [name])
    return seen[0].axes, path


def points_of(panel, i=0):
    """[x, y] of the i-th line with error bars."""
    line = panel.containers[i].lines[0]
    return [[float(value) for value in values] for values in line.get_data()]


def test_bounds_are_drawn_with_every_kl_dashed_and_the_best_fvm_marked(monkeypatch, tmp_path):
    (panel, second), path = drawn(monkeypatch, "mi_bounds", [ibgan(tmp_path, 0.1)], tmp_path)
    lines = {line.get_label(): line for line in panel.lines}
    dashed = [label for label, line in lines.items() if line.get_linestyle() == "--"]
    assert dashed == ["KL$_{0}$", "KL$_{1}$", "KL$_{2}$"]
    total = sum(lines[label].get_ydata() for label in dashed)
    np.testing.assert_allclose(lines["$I^U$"].get_ydata(), total)
    assert list(lines["best FVM"].get_xdata()) == [2000, 2000]
    assert list(second.lines[0].get_ydata()) == [0.4, 0.7, 0.6]
    with Image.open(path) as picture:
        assert path == tmp_path / "beta_0.1" / "figures" / "mi_bounds.png"
        assert picture.text["figure"] == "mi_bounds" and '"seed": 0' in picture.text["evaluations"]


def test_the_legend_names_what_any_panel_shows(monkeypatch, tmp_path):
    bare = write_run(tmp_path / "gan", {}, [{"step": step, "mi_lower": 1.0} for step in (100, 200)])
    axes, _ = drawn(monkeypatch, "mi_bounds", [bare, ibgan(tmp_path, 0.1)], tmp_path)
    (legend,) = axes[0].figure.legends
    named = [text.get_text() for text in legend.get_texts()]
    assert named == ["KL$_{0}$", "KL$_{1}$", "KL$_{2}$", "$I^U$", "$I^L$", "best FVM", "FVM"]


def test_runs_of_the_same_name_are_told_apart_by_their_folders(monkeypatch, tmp_path):
    axes, _ = drawn(monkeypatch, "mi_bounds", [ibgan(tmp_path / f"seed{seed}", 0.1) for seed in range(2)], tmp_path)
    assert [panel.get_title() for panel in axes[:2]] == ["beta_0.1, seed0", "beta_0.1, seed1"]


def test_the_effect_of_beta_is_the_mean_over_runs_of_medians_over_steps(monkeypatch, tmp_path):
    found = [ibgan(tmp_path / f"seed{seed}", beta) for seed in range(2) for beta in (0.0, 0.2, 1.0)]
    found += [write_run(tmp_path / "vae", {"BetaVAE.beta": 3.0}, [{"step": 1, "kl": 2.0}])]
    axes, path = drawn(monkeypatch, "beta", found, tmp_path)
    assert path == tmp_path / "figures" / "beta.png"
    (x, upper), (_, scores) = points_of(axes[0]), points_of(axes[2])
    expected = [np.median(run_log.read(run).series("mi_upper")[1]) for run in found[:3]]
    np.testing.assert_allclose(x, [0.0, 0.2, 1.0])
    np.testing.assert_allclose(upper, expected)
    np.testing.assert_allclose(scores, [0.6, 0.6, 0.6])


def test_a_run_is_a_point_of_what_was_measured_at_one_step(monkeypatch, tmp_path):
    found = []
    for seed in range(2):
        for name, fvm, fid in (("idgan", 0.8, 4.0 + seed), ("betavae", 0.7, 90.0), ("infogan", 0.5, 12.0)):
            together = [{"step": 2, "fvm": fvm}, {"step": 2, "fid_dsprites10k": fid}]
            early = [{"step": 1, "fvm": 0.1}, {"step": 1, "fid_dsprites10k": 500.0}]
            records = [*early, *together, {"step": 3, "fvm": 0.2}]
            found.append(write_run(tmp_path / f"seed{seed}" / name, {}, (), records))
    (panel,), _ = drawn(monkeypatch, "fvm_fid", found, tmp_path)
    points = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in panel.lines}
    assert points["idgan"] == ([4.0, 5.0], [0.8, 0.8]) and set(points) == {"idgan", "betavae", "infogan"}


def of_images(step, dataset, **scores):
    return {"step": step, **scores, "protocol": {"dataset": dataset, "seed": 0}}


def test_what_was_measured_of_other_images_and_of_an_earlier_step_afterwards_is_no_part_of_a_point(tmp_path):
    records = [
        of_images(100, "dsprites", fvm=0.9, fid50k=5.0),
        of_images(40, "dsprites", fvm=0.2, fid50k=9.0),  # such as by `bin/evaluate --best`
        of_images(100, "held_out", fvm=0.3),
    ]
    log = run_log.read(write_run(tmp_path / "run", {}, (), records))
    assert curves._last(log, "fvm", "fid50k") == ["dsprites", 0.9, 5.0]
    assert curves._last(log, "fid50k") == ["dsprites", 5.0] and curves._last(log, "mig") is None
    assert log.measured("fvm") == ("held_out", {100: [0.3]}), "the images that were measured last"


def test_curves_of_scores_ascend_and_are_of_one_data_set(monkeypatch, tmp_path):
    run = ibgan(tmp_path, 0.1)
    for record in (of_images(2500, None, fvm=0.5), of_images(500, None, fvm=0.1), of_images(2500, None, fvm=0.65)):
        run_log.append_metrics(run.metrics, record)
    (_, second), _ = drawn(monkeypatch, "mi_bounds", [run], tmp_path)
    assert list(second.lines[0].get_xdata()) == [500, 1000, 2000, 2500, 3000]
    assert list(np.ravel(second.lines[0].get_ydata())) == [0.1, 0.4, 0.7, 0.65, 0.6]
    run_log.append_metrics(run.metrics, of_images(3000, "held_out", fvm=0.2))
    assert len(charts.of_evaluations(run_log.read(run))) == 0, "of the images that were measured last, one step"


def test_over_lambda_each_data_set_has_a_line(monkeypatch, tmp_path):
    found = []
    for value, dataset, fid in ((0.1, "a", 3.0), (1.0, "a", 4.0), (0.1, "b", 70.0)):
        settings = {"train.method": "IDGAN", "IDGAN.lambda_id": value}
        score = of_images(9, dataset, fid50k=fid)
        found.append(write_run(tmp_path / dataset / f"{value:g}", settings, (), [score]))
    (panel,), _ = drawn(monkeypatch, "fid_lambda", found, tmp_path)
    assert [points_of(panel, i)[1] for i in range(2)] == [[3.0, 4.0], [70.0]]
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["IDGAN, a", "IDGAN, b"]


def test_distances_of_the_decoder_and_evened_ones_are_not_taken_for_the_fid(tmp_path):
    scores = {"fid_dsprites_even50k": 1.0, "fid_dsprites_decoder50k": 2.0, "fid_dsprites_even_decoder50k": 3.0}
    found = [write_run(tmp_path / f"{i}", {}, (), [{"step": 1, **scores}]) for i in range(2)]
    found += [write_run(tmp_path / "2", {}, (), [{"step": 1, "fid_dsprites50k": 4.0}])]
    assert curves._fid([run_log.read(run) for run in found]) == "fid_dsprites50k"


def test_of_the_two_distances_of_a_line_the_one_that_orders_as_eyes_do_is_drawn(tmp_path):
    scores = {"fid_dsprites10k_training": 1.0, "fid_dsprites_even10k_training": 2.0}
    run = write_run(tmp_path / "run", {}, (), [{"step": 1, **scores, "protocol": {"metric": "fid_dsprites"}}])
    assert curves._fid([run_log.read(run)]) == "fid_dsprites_even10k_training"


def test_distances_by_the_networks_of_several_data_sets_have_a_panel_each(monkeypatch, tmp_path):
    found = []
    for name, dataset, fid in (("idgan_a", "a", 3.0), ("idgan_b", "b", 70.0), ("vae_b", "b", 90.0)):
        scores = [{"step": 2, key: x, "protocol": {"dataset": dataset}} for key, x in (("fvm", 0.5), ("fid10k", fid))]
        found.append(write_run(tmp_path / name, {}, (), scores))
    axes, _ = drawn(monkeypatch, "fvm_fid", found, tmp_path)
    assert [panel.get_title() for panel in axes] == ["a", "b"]
    assert [[x for line in panel.lines for x in line.get_xdata()] for panel in axes] == [[3.0], [70.0, 90.0]]


def test_lambda_is_read_from_the_configuration_of_each_method(monkeypatch, tmp_path):
    measured = {("IDGAN", "lambda_id"): (9.0, 5.0, 4.0), ("InfoGAN", "lambda_info"): (8.0, 30.0, 99.0)}
    found = []
    for (method, name), fids in measured.items():
        for value, fid in zip((0.001, 0.1, 1.0), fids, strict=True):
            settings = {"train.method": method, f"{method}.{name}": value}
            score = {"step": 9, "fid_dsprites50k": fid}
            found.append(write_run(tmp_path / f"{method}_{value:g}", settings, (), [score]))
    (panel,), _ = drawn(monkeypatch, "fid_lambda", found, tmp_path)
    ours, infogan = points_of(panel, 0), points_of(panel, 1)
    assert ours == [[0.001, 0.1, 1.0], [9.0, 5.0, 4.0]] and infogan[1] == [8.0, 30.0, 99.0]


@pytest.mark.parametrize("name", registry.known(registry.OF_LOGS))
def test_runs_that_wrote_nothing_of_use_are_refused_in_one_line(name, tmp_path):
    run = write_run(tmp_path / "run", {"train.method": "BetaVAE"}, [{"step": 1, "kl": 2.0}])
    with pytest.raises(ConfigError, match=f"the figure {name} needs runs with"):
        curves.write([run], [name])
    (tmp_path / "run" / "metrics.jsonl").unlink()
    with pytest.raises(ConfigError, match="needs runs with"):
        curves.write([run], [name])


def test_a_folder_stands_for_the_runs_in_it(tmp_path):
    made = [ibgan(tmp_path / f"seed{seed}", beta) for seed in range(2) for beta in (0.0, 0.5)]
    assert [run.path for run in run_directory.within(tmp_path)] == sorted(run.path for run in made)
    assert [run.path for run in run_directory.within(made[0].path)] == [made[0].path]
    with pytest.raises(ConfigError, match="no run directory"):
        run_directory.within(tmp_path / "nothing")


def test_the_command_draws_a_folder_of_runs_without_a_checkpoint(tmp_path):
    for beta in (0.0, 0.5):
        ibgan(tmp_path / "sweep", beta)
    process = command("visualize", f"--run_dir={tmp_path / 'sweep'}", "--figures=beta,mi_bounds", check=0)
    assert [line.rsplit("/", 2)[1:] for line in process.stdout.splitlines()] == [
        ["figures", "beta.png"],
        ["figures", "mi_bounds.png"],
    ]
