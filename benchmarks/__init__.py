"""How fast it is, each time against a limit that is measured in the same run.

One module for each bench, runnable by itself: `.venv/bin/python -m benchmarks.append --quick`.
"""

import sys
from pathlib import Path

# Benches run against the tests' servers: the same private ones, or those of ECOMMERCE_TEST_….
sys.path.append(str(Path(__file__).parents[1] / "tests"))
