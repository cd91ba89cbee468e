"""True records: each run once, and never changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from parity.case import case_of
from parity.own import Own
from parity.record import Record
from parity.subjects import SubjectSpec, record_of, subject_for

ROOT = Path(__file__).resolve().parents[3]
MARKET = ROOT / "fixtures" / "market"
OWN = ROOT / "fixtures" / "own"

CONFIGURATIONS = {
    "stops": f"""
workflow: simple_backtest
data: {{data_dir: {MARKET}, start_date: 2000-06-01, end_date: 2000-12-31}}
symbols: [AAPL, MSFT]
strategies: [{{type: momentum, parameters: {{fast_period: 5, slow_period: 15}}}}]
classifiers: [{{type: trend, parameters: {{fast_period: 3, slow_period: 8}}}}]
risk_profiles: [{{type: aggressive, stop_loss: 0.03, max_leverage: 0.8}}]
execution: {{slippage_bps: 3, commission_fixed: 1, commission_per_share: 0.01, commission_bps: 2}}
portfolio: {{allow_short: true}}
results: {{store_full_results: true}}
""",
    "closed": f"""
workflow: simple_backtest
data: {{data_dir: {MARKET}, start_date: 2004-09-01, end_date: 2005-03-31}}
symbols: [GOOG]
strategies: [{{type: buy_and_hold}}]
execution: {{fill: same_close, close_at_end: true}}
""",
    "walked": f"""
workflow: walk_forward_validation
data: {{data_dir: {MARKET}, start_date: 2007-01-01, end_date: 2007-12-31}}
symbols: [IBM]
strategies: [{{type: breakout}}]
portfolio: {{allow_short: true}}
parameter_space: {{breakout.lookback: [5, 10, 20]}}
walk_forward: {{train_bars: 100, test_bars: 40, step_bars: 20}}
""",
    "searched": f"""
workflow: adaptive_strategy_search
data: {{data_dir: {MARKET}, start_date: 2005-01-03, end_date: 2005-12-31}}
symbols: [IBM]
strategies: [{{type: momentum, parameters: {{fast_period: 5, slow_period: 20}}}}]
parameter_space: {{momentum.fast_period: [5, 8]}}
objective: {{metric: sharpe_ratio}}
walk_forward: {{train_bars: 100, test_bars: 50}}
max_iterations: 2
""",
    "piped": f"""
workflow: research_pipeline
data: {{data_dir: {MARKET}, start_date: 2005-01-03, end_date: 2005-12-31}}
symbols: [GOOG]
strategies: [{{type: momentum, parameters: {{fast_period: 5, slow_period: 20}}}}]
classifiers: [{{type: trend, parameters: {{fast_period: 3, slow_period: 8}}}}]
parameter_space: {{momentum.fast_period: [5, 8]}}
monte_carlo: {{iterations: 3}}
walk_forward: {{train_bars: 100, test_bars: 50}}
random_seed: 3
""",
    "stored": f"""
workflow: research_pipeline
data: {{data_dir: {MARKET}, start_date: 2005-01-03, end_date: 2005-06-30}}
symbols: [GOOG]
strategies: [{{type: momentum, parameters: {{fast_period: 5, slow_period: 20}}}}]
parameter_space: {{momentum.fast_period: [5, 8]}}
monte_carlo: {{iterations: 2}}
walk_forward: {{train_bars: 60, test_bars: 30}}
results: {{storage: disk, store_full_results: true}}
""",
    "replayed": f"""
workflow: signal_generation_and_replay
data: {{data_dir: {MARKET}, start_date: 2005-01-03, end_date: 2005-06-30}}
symbols: [GOOG, IBM]
strategies: [{{type: momentum, parameters: {{fast_period: 3, slow_period: 9}}}}]
""",
    "bootstrapped": f"""
workflow: research_pipeline
data: {{data_dir: {MARKET}, start_date: 2005-01-03, end_date: 2005-06-30}}
symbols: [GOOG, IBM]
strategies: [{{type: momentum, parameters: {{fast_period: 3, slow_period: 9}}}}]
parameter_space: {{momentum.fast_period: [3, 4]}}
monte_carlo: {{iterations: 3, method: block_bootstrap, block_bars: 7}}
walk_forward: {{train_bars: 60, test_bars: 30}}
""",
}


@pytest.fixture(scope="session")
def true_record(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Record]:
    """Give a function that answers with the true record of a configuration, by name."""

    @cache
    def give(name: str) -> Record:
        folder = tmp_path_factory.mktemp(name)
        own = Own()
        if name == "fragile":
            own, file = Own(OWN / "patterns", OWN / "components"), OWN / "fragile.yaml"
        else:
            file = folder / "case.yaml"
            file.write_text(CONFIGURATIONS[name], encoding="utf-8")
        case = case_of(name, file, own)
        subject = subject_for(SubjectSpec("imperative"), own)
        return record_of(subject, case.config, folder / "run")

    return give
