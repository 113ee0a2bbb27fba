import logging

from idgan_tf import progress


def work(seconds_each, count, monkeypatch, **options):
    """Counts through `count` items on a clock of its own; returns them."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    done = []
    for item in progress.bar(range(count), "making things", "parts", **options):
        now[0] += seconds_each
        done.append(item)
    return done


def test_a_log_gets_a_line_every_half_minute(monkeypatch, caplog):
    with caplog.at_level(logging.INFO, logger="absl"):
        assert work(1.0, 100, monkeypatch) == list(range(100))
    assert [record.getMessage() for record in caplog.records] == [
        "making things: 30 of 100 parts, 1m10s left",
        "making things: 60 of 100 parts, 0m40s left",
        "making things: 90 of 100 parts, 0m10s left",
    ]


def test_short_work_says_nothing(monkeypatch, caplog, capsys):
    with caplog.at_level(logging.INFO, logger="absl"):
        work(0.01, 1000, monkeypatch)
    assert not caplog.records and not capsys.readouterr().err


def test_work_done_before_counts_but_not_for_the_speed(monkeypatch, caplog):
    monkeypatch.setattr(progress, "LINE_EVERY", 5.0)
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with (
        caplog.at_level(logging.INFO, logger="absl"),
        progress.bar(what="faces", unit="images", total=1000, done=900) as bar,
    ):
        now[0] = 6.0
        bar.update(20)
    assert caplog.records[0].getMessage() == "faces: 920 of 1,000 images, 0m24s left"


def test_a_terminal_gets_a_bar_that_goes(monkeypatch, capsys):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    assert list(progress.bar([], "nothing", "parts")) == []
    assert list(progress.bar([1, 2], "things", "parts")) == [1, 2]
    assert "things: " in capsys.readouterr().err
