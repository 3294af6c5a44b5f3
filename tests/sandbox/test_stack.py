from __future__ import annotations

from pathlib import Path

import pytest

from ecommerce.config import ConfigError, GatewaySettings, Settings, read
from ecommerce.contexts import CONTEXTS
from ecommerce.sandbox import servers, stack
from ecommerce.sandbox.folder import Run
from ecommerce.sandbox.ports import LIMIT, STEP
from ecommerce.sandbox.program import NotInstalled, Program

RUN = Run(Path("/run/shop"), 18_000, {"inventory": 2})
SECRETS = dict.fromkeys(stack.SECRETS, "s3cret")
OWN = Run(
    Path("/run/shop"),
    database="postgresql://root:pw@db:5433/postgres",
    broker="amqp://root:pw@mq:5673",
    management="http://root:pw@mq:15673",
)


def services(run: Run = OWN) -> dict[str, Program]:
    return {program.name: program for program in stack.programs(run, SECRETS)[stack.SERVICES]}


def test_every_context_and_the_gateway_run() -> None:
    assert set(services()) == {*CONTEXTS, "gateway"}


def test_more_instances_have_ports_of_their_own_and_the_gateway_knows_all() -> None:
    found = {each.name: each.port for each in stack.instances(RUN) if each.service == "inventory"}
    assert found == {"inventory-1": 18_040, "inventory-2": 18_041}
    scaled = services(Run(OWN.folder, scale={"inventory": 2}, database="x://", broker="x://"))
    urls = scaled["gateway"].environment["INVENTORY_URL"]
    assert urls == "http://127.0.0.1:18040,http://127.0.0.1:18041"


def test_the_largest_run_fits_between_two_bases() -> None:
    largest = stack.used_ports(Run(RUN.folder, 18_000, dict.fromkeys(CONTEXTS, 10)))
    assert len(largest) == len(set(largest))
    assert max(largest) < STEP
    assert RUN.base + max(largest) < LIMIT


def test_each_process_gets_just_the_settings_that_it_reads() -> None:
    for name, program in services().items():
        kind = GatewaySettings if name == "gateway" else Settings
        read(kind, program.environment)  # nothing is missing
        assert {variable.lower() for variable in program.environment} <= {*kind.__struct_fields__}


def test_a_context_has_its_own_database_and_broker_user() -> None:
    assert services()["orders"].environment["DATABASE_URL"] == (
        "postgresql://orders:s3cret@db:5433/orders"
    )
    assert services()["orders"].environment["AMQP_URL"] == "amqp://orders:s3cret@mq:5673/shop"


def test_only_payments_knows_the_providers_key() -> None:
    holders = {name for name, each in services().items() if "PAYMENT_KEY" in each.environment}
    assert holders == {"payments"}


def test_customers_come_back_to_the_gateway_from_their_bank() -> None:
    assert services()["payments"].environment["PAYMENT_RETURN_URL"] == "http://127.0.0.1:18000/"


def test_servers_of_ones_own_are_not_started() -> None:
    assert stack.programs(OWN, SECRETS)[stack.SERVERS] == []


@pytest.mark.servers
def test_private_servers_listen_on_the_runs_ports() -> None:
    try:
        database, epmd, broker = stack.programs(RUN, SECRETS)[stack.SERVERS]
    except NotInstalled as error:
        pytest.fail(str(error))
    assert "port=18001" in database.command
    assert epmd.command[1:3] == ("-port", "18004")
    assert broker.environment["RABBITMQ_DIST_PORT"] == "18005"


def test_a_broker_of_ones_own_must_be_manageable() -> None:
    with pytest.raises(ConfigError, match="RABBITMQ_MANAGEMENT_URL"):
        servers.given({"AMQP_URL": "amqp://mq"})


def test_addresses_are_shown_without_their_passwords() -> None:
    assert servers.without_password("amqp://u:p@mq:5672/shop") == "amqp://mq:5672/shop"
