"""TFDS without a network."""

import pytest


@pytest.fixture
def no_network(monkeypatch):
    """Whatever TFDS would download fails."""
    from tensorflow_datasets.download import DownloadManager

    def fail(self, urls):
        raise OSError("quota\nexceeded")

    monkeypatch.setattr(DownloadManager, "download", fail)
    monkeypatch.setattr(DownloadManager, "download_and_extract", fail)
