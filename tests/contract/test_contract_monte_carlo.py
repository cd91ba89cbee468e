"""Section 8.5: noise on parameters, and bars drawn again in blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from containers.errors import ConfigurationError
from containers.events import EventKind
from containers.results import units
from tests.contract import reference
from tests.contract.conftest import Config, Run, plain
from tests.contract.definitions import one_phase
from tests.contract.market import Bar, bars_of, end_ns, write_bars
from tests.contract.test_contract_windows import work

ENDS = [end_ns(bar) for bar in bars_of("AAA")]


@pytest.mark.parametrize("level", [0.0, 0.1, 3.0])
@pytest.mark.parametrize("seed", [0, 99])
def test_noise_is_drawn_per_numeric_parameter_in_order(
    run: Run, study: Config, level: float, seed: int
) -> None:
    study |= {
        "strategies": [
            {"type": "mean_reversion", "parameters": {"num_std": 1}},
            {"type": "buy_and_hold"},
            {"type": "momentum", "name": "fast", "parameters": {"slow_period": 8}},
            {"type": "ensemble", "parameters": {"members": {"fast": 1, "mean_reversion": 0.3}}},
        ],
        "random_seed": seed,
        "monte_carlo": {"iterations": 4, "noise_level": level},
    }
    phase = work(run, study, "monte_carlo")
    parameters = {
        "mean_reversion.lookback": 20, "mean_reversion.num_std": 1.0, "fast.fast_period": 10,
        "fast.slow_period": 8, "ensemble.threshold": 0.0,
    }  # fmt: skip
    for index, sample in enumerate(phase.iterations):
        assert (sample.window.name, sample.seed, sample.spawn_key) == ("sample", seed, (index,))
        expected = reference.noisy(parameters, level, seed, index)
        assert dict(sample.parameters) == expected
        assert list(sample.parameters) == list(expected)
        assert {k: type(v) for k, v in sample.parameters.items()} == {
            k: type(v) for k, v in parameters.items()
        }
        ensemble = sample.portfolios["ensemble.aggressive"].parameters
        assert ensemble["members"] == {"fast": 1.0, "mean_reversion": 0.3}
        given = sample.portfolios["fast.aggressive"].parameters
        assert given["slow_period"] == expected["fast.slow_period"]


def test_iterations_do_not_build_on_each_other(run: Run, study: Config) -> None:
    study["monte_carlo"] = {"iterations": 3, "noise_level": 0.5}
    few = work(run, study, "monte_carlo").iterations
    study["monte_carlo"]["iterations"] = 6
    many = work(run, study, "monte_carlo").iterations
    assert plain(many[:3]) == plain(few)


def replaced(folder: Path, symbols: dict[str, list[int]], first: int = 0, last: int = 59) -> None:
    """Write files in which bars ``first`` to ``last`` are drawn again."""
    for symbol, indexes in symbols.items():
        bars = bars_of(symbol)
        part = bars[first : last + 1]
        drawn = reference.bootstrapped([bar.prices for bar in part], indexes)
        made = [Bar(bar.label, *prices) for bar, prices in zip(part, drawn, strict=True)]
        # Rounding can put a high a hair under the close; files are checked, drawn bars are not.
        made = [
            b._replace(high=max(b.high, b.open, b.close), low=min(b.low, b.open, b.close))
            for b in made
        ]
        write_bars(folder / f"{symbol}_1d.csv", made)


@pytest.mark.parametrize("block", [1, 7, 20, 60])
def test_block_bootstrap_is_a_backtest_of_the_bars_drawn(
    run: Run, study: Config, tmp_path: Path, block: int
) -> None:
    study |= {
        "symbols": ["AAA", "CCC"],
        "random_seed": 5,
        "monte_carlo": {"iterations": 2, "method": "block_bootstrap", "block_bars": block},
        "trace_level": "detailed",
    }
    phase = work(run, study, "monte_carlo")
    for index, sample in enumerate(phase.iterations):
        assert dict(sample.parameters) == {}
        indexes = reference.bootstrap_indexes(60, block, 5, index)
        folder = tmp_path / str(index)
        folder.mkdir()
        replaced(folder, {"AAA": indexes, "CCC": indexes})
        bars = [e for e in sample.trace.events() if e.kind is EventKind.BAR]
        for symbol in ("AAA", "CCC"):
            source = [bar.prices for bar in bars_of(symbol)]
            found = [(e.open, e.high, e.low, e.close) for e in bars if e.symbol == symbol]
            assert found == reference.bootstrapped(source, indexes)
            assert [e.time_ns for e in bars if e.symbol == symbol] == ENDS
        alone = work(run, {**study, "data": {"data_dir": str(folder)}}, "single_pass")
        assert plain(alone.portfolios) == plain(sample.portfolios)


def test_volumes_go_with_their_bars(run: Run, study: Config, tmp_path: Path) -> None:
    rows = (["timestamp,open,high,low,close,volume"] + [
        f"{b.label},{b.open},{b.high},{b.low},{b.close},{100 + k}"
        for k, b in enumerate(bars_of("AAA"))
    ])  # fmt: skip
    (tmp_path / "AAA_1d.csv").write_text("\n".join(rows) + "\n")
    study |= {
        "data": {"data_dir": str(tmp_path)},
        "monte_carlo": {"iterations": 1, "method": "block_bootstrap", "block_bars": 9},
        "trace_level": "detailed",
    }
    (sample,) = work(run, study, "monte_carlo").iterations
    volumes = [e.volume for e in sample.trace.events() if e.kind is EventKind.BAR]
    assert volumes == [100.0 + s for s in reference.bootstrap_indexes(60, 9, 0, 0)]


def test_in_a_window_only_its_bars_are_drawn_and_nothing_warms_up(run: Run, study: Config) -> None:
    study |= {
        "walk_forward": {"train_bars": 20, "test_bars": 15},
        "monte_carlo": {"iterations": 2, "method": "block_bootstrap", "block_bars": 4},
        "trace_level": "detailed",
    }
    phase = work(run, study, {"type": "walk_forward", "body": "monte_carlo"})
    source = [bar.prices for bar in bars_of("AAA")]
    for path, sample in units(phase.iterations):
        first, last = sample.window.first_bar, sample.window.last_bar
        assert sample.window.warmup_bars == 0
        indexes = reference.bootstrap_indexes(last - first + 1, 4, 0, path[-1])
        bars = [e for e in sample.trace.events() if e.kind is EventKind.BAR]
        found = [(e.open, e.high, e.low, e.close) for e in bars]
        assert found == reference.bootstrapped(source[first : last + 1], indexes)
        assert [e.time_ns for e in bars] == ENDS[first : last + 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"symbols": ["AAA", "BBB"]},
        {"symbols": [{"symbol": "AAA", "timeframes": ["1d", "1w"]}]},
        {"monte_carlo": {"iterations": 1, "method": "block_bootstrap", "block_bars": 61}},
    ],
    ids=["unequal ends", "two timeframes", "a block longer than the data"],
)
def test_bars_that_cannot_be_drawn_together_are_a_configuration_error(
    run: Run, study: Config, changes: Any
) -> None:
    study |= {"monte_carlo": {"iterations": 1, "method": "block_bootstrap", "block_bars": 5}}
    with pytest.raises(ConfigurationError):
        run({**study, **changes}, definitions=[one_phase("monte_carlo")])
