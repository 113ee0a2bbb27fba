"""TFDS without a network."""

import pytest


@pytest.fixture
def no_network(monkeypatch):
    """Whatever TFDS would download fails."""
    import tensorflow_datasets as tfds

    def fail(self, urls):
        raise OSError("quota\nexceeded")

    monkeypatch.setattr(tfds.download.DownloadManager, "download", fail)
    monkeypatch.setattr(tfds.download.DownloadManager, "download_and_extract", fail)
