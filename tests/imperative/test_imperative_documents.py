"""The code in docs/workflows-in-python.md runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from containers.results import units
from imperative import Coordinator, load_folder

PAGE = Path(__file__).parents[2] / "docs" / "workflows-in-python.md"


def test_the_code_of_the_page_runs(config: dict[str, Any], tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "page.py").write_text("\n".join(blocks), encoding="utf-8")
    coordinator = Coordinator(root=tmp_path, definitions=load_folder(tmp_path / "own"))
    result = coordinator.run_workflow(
        {
            **config,
            "workflow": "swept_then_checked",
            "risk_profiles": [{"type": "aggressive"}],
            "parameter_space": {"momentum.slow_period": [2, 3]},
            "walk_forward": {"train_bars": 3, "test_bars": 2},
            "monte_carlo": {"iterations": 2},
        }
    )
    assert result.success
    assert list(result.phase_results) == ["sweep", "check"]
    check = result.phase_results["check"]
    trades = result.phase_results["sweep"].metrics["num_trades"]
    assert check.outputs == {"remark": f"after {trades} trades"}
    assert len(list(units(check.iterations))) == 2 * 2 * (2 + 1)
    assert list(result.branches) == ["0/split"]
    assert "halves" in coordinator.sequences
