"""Runs on the page of bin/explore, and a tab."""

import pytest

from idgan_tf.run_directory import Run
from tests.explorer.browser import NAME, finish, served
from tests.helpers import build_tiny


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """An untrained ID-GAN with a nuisance, in a run directory with a hostile name."""
    run = Run(tmp_path_factory.mktemp("runs") / NAME)
    settings, method = build_tiny("gin/idgan_dsprites.gin", run.path, "IDGAN.nuisance_dim = 3", "LATENT_DIM = 13")
    finish(run, settings, method, method.teacher_decoder)
    return run


@pytest.fixture(scope="session")
def other_run(tmp_path_factory):
    """An untrained beta-VAE whose code has as many dimensions."""
    run = Run(tmp_path_factory.mktemp("runs") / "other")
    settings, method = build_tiny("gin/betavae_dsprites.gin", run.path, "LATENT_DIM = 10")
    finish(run, settings, method, method.decoder)
    return run


@pytest.fixture(scope="session")
def address(run):
    """Where bin/explore shows the run."""
    with served(run) as address:
        yield address


@pytest.fixture
def page(browser):
    """An empty tab; what goes wrong in it ends the test."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.set_default_timeout(60_000)
    problems, tab.asked = [], []
    tab.on("console", lambda line: line.type in ("error", "warning") and problems.append(line.text))
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("dialog", lambda dialog: (problems.append("a script ran"), dialog.dismiss()))
    tab.on("request", lambda request: tab.asked.append(request.url))
    yield tab
    tab.close()
    assert not problems
