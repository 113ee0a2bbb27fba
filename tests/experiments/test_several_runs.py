import pytest

from idgan_tf.evaluation.metric import Result
from idgan_tf.experiments import scores
from tests.commands.test_evaluate import tiny_run

SMALL = ["udr.num_samples = 50", "mig.num_samples = 100"]


def evaluated(folders, chosen):
    configurations = [scores.configuration_of(folder, (), SMALL) for folder in folders]
    return list(scores.evaluate_runs(folders, configurations, chosen, True, 0))


def test_each_of_several_runs_is_compared_with_the_others(tmp_path):
    folders = [tiny_run("gin/betavae_dsprites.gin", tmp_path / name).path for name in ("one", "other")]
    results = evaluated(folders, ["udr", "mig"])
    assert [name for name, _ in results] == ["udr", "udr", "mig", "mig"]
    assert [result.protocol["run"] for _, result in results] == [*map(str, folders), *map(str, folders)]
    assert all(result.protocol["others"] == 1 for name, result in results if name == "udr")
    assert not isinstance(evaluated(folders[:1], ["udr"])[0][1], Result), "nothing to compare one run with"


def test_runs_that_compare_have_a_rank_and_those_left_out_have_none(monkeypatch):
    udr = {"a": 0.3, "b": 0.8, "c": "has no encoder", "d": 0.5}

    def evaluate_run(run_dir, configuration, chosen, *_):
        assert configuration == [f"udr.others = {tuple(other for other in udr if other != run_dir)!r}"]
        for name in chosen:
            value = udr[run_dir] if name == "udr" else 0.1
            yield name, value if isinstance(value, str) else Result({name: value}, {"metric": name})

    monkeypatch.setattr(scores, "evaluate_run", evaluate_run)
    bound = type("Bound", (), {"with_bindings": lambda self, *bindings: [*bindings]})()
    results = list(scores.evaluate_runs([*udr], [bound] * 4, ["udr", "mig"], True, 0))
    told = [result if isinstance(result, str) else result.protocol.get("rank") for _, result in results]
    assert told == ["3 of 3", "1 of 3", "has no encoder", "2 of 3", None, None, None, None]
    assert results[1][1].protocol["run"] == "b"


@pytest.mark.parametrize(
    "count, ranks", [(2, [{}, {}]), (3, [{"rank": "2 of 3"}, {"rank": "1 of 3"}, {"rank": "3 of 3"}])]
)
def test_two_runs_have_no_rank(count, ranks):
    from idgan_tf.evaluation.codes import table

    assert table.ranks([0.5, 0.7, 0.1][:count]) == ranks
