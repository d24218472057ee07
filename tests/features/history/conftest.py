"""Lets the history's tests share the oracle and the worlds beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
