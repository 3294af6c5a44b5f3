"""Everything that a process logs is one JSON document a line."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import logging
import structlog
from ecommerce.telemetry import set_up
set_up("orders", "info")
structlog.get_logger().info("order.seen", position=7)
structlog.get_logger().debug("nobody.asks")
logging.getLogger("somebody").warning("careful with %s", "that")
logging.getLogger("aiormq.connection").error("lost once more")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("somebody").exception("divided")
"""


def test_our_own_lines_and_those_of_libraries_look_alike() -> None:
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    seen, careful, divided = map(json.loads, said.stdout.splitlines())
    assert said.stderr == b""
    assert (seen["event"], seen["position"], seen["service"]) == ("order.seen", 7, "orders")
    assert (careful["event"], careful["level"]) == ("careful with that", "warning")
    assert "ZeroDivisionError" in divided["exception"]
    assert {line["service"] for line in (seen, careful, divided)} == {"orders"}
