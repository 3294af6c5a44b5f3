from __future__ import annotations

import socket

import pytest

from ecommerce.sandbox.ports import LIMIT, NoPorts, choose_base, is_free, pick


def test_the_wanted_ports_are_used_where_they_are_free() -> None:
    assert choose_base(18_000, [0, 1, 20], lambda _: True) == 18_000


def test_ports_in_use_move_the_whole_range_by_a_hundred() -> None:
    taken = {18_001, 18_120}
    assert choose_base(18_000, [0, 1, 20], lambda port: port not in taken) == 18_200


def test_no_port_is_one_that_outgoing_connections_take() -> None:
    with pytest.raises(NoPorts, match="give another --port-base"):
        choose_base(LIMIT - 300, [0], lambda _: False)
    assert all(port < LIMIT for port in pick(20))


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_free(server.getsockname()[1])
