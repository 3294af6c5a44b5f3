"""compose.yaml is valid and agrees with the code: contexts, commands, ports, volumes, secrets."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
from jsonschema import Draft202012Validator

from composed import COMPOSE, OURS, ROOT, SERVICES, SETTINGS, TEXT, VARIABLE, environment
from ecommerce.bus.topology import VHOST
from ecommerce.cli.main import main
from ecommerce.contexts import CONTEXTS

SCHEMA = Draft202012Validator(
    json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())
)
"""The Compose Specification's own schema, as that package ships it."""

PUBLIC = ("PAYMENT_RETURN_URL", "PAYMENT_PUBLIC_URL")
"""The addresses that people's browsers are sent to, not other services."""


def test_it_is_valid_by_the_compose_specification() -> None:
    errors = SCHEMA.iter_errors(COMPOSE)
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_the_schema_finds_a_mistake() -> None:
    wrong = {"services": {"orders": {"image": "ecommerce", "comand": ["serve"]}}}
    assert not SCHEMA.is_valid(wrong)


def test_it_runs_every_context_the_gateway_the_sandboxes_and_the_set_up() -> None:
    assert set(OURS) == {*SETTINGS, "setup", "topology"}
    assert set(SERVICES) == {*OURS, "postgres", "rabbitmq"}


@pytest.mark.parametrize("service", OURS)
def test_each_command_exists(service: str) -> None:
    name, *arguments = OURS[service]["command"]
    context = click.Context(main)
    command = main.get_command(context, name) if isinstance(main, click.Group) else None
    assert command
    parsed = command.make_context(name, [*arguments], parent=context).params
    assert service in ("setup", "topology", *parsed.values())


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_context_has_a_database_and_a_broker_user_of_its_own(context: str) -> None:
    password = f"{context}_password"
    told = environment(context)
    assert told["DATABASE_URL"] == f"postgresql://{context}:{password}@postgres/{context}"
    assert told["AMQP_URL"] == f"amqp://{context}:{password}@rabbitmq/{VHOST}"


def test_every_address_is_that_of_a_service_and_the_port_it_listens_on() -> None:
    for service in SETTINGS:
        for name, value in environment(service).items():
            if name.endswith("_URL") and name not in {"DATABASE_URL", "AMQP_URL", *PUBLIC}:
                url = urlsplit(value)
                told = environment(str(url.hostname))
                assert str(url.port) in (told.get("HTTP_PORT"), told.get("SMTP_PORT")), name


def test_health_is_asked_for_where_the_service_answers() -> None:
    for service in (*CONTEXTS, "gateway"):
        port = environment(service)["HTTP_PORT"]
        assert (
            f"'http://127.0.0.1:{port}/health/ready'" in SERVICES[service]["healthcheck"]["test"][3]
        )


@pytest.mark.parametrize(
    ("name", "told", "reached"),
    [
        ("PAYMENT_RETURN_URL", "payments", "gateway"),
        ("PAYMENT_PUBLIC_URL", "payment-provider", "payment-provider"),
    ],
)
def test_what_customers_are_sent_to_is_published(name: str, told: str, reached: str) -> None:
    url = urlsplit(environment(told)[name])
    (published,) = SERVICES[reached]["ports"]
    assert published == f"{url.hostname}:{url.port}:{environment(reached)['HTTP_PORT']}"


def test_only_what_people_look_at_is_published_and_only_to_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "gateway": [f"127.0.0.1:18000:{environment('gateway')['HTTP_PORT']}"],
        "payment-provider": [f"127.0.0.1:18011:{environment('payment-provider')['HTTP_PORT']}"],
        "rabbitmq": ["127.0.0.1:15672:15672"],
    }


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_context_can_be_scaled(context: str) -> None:
    assert not {"ports", "container_name", "hostname", "volumes"} & set(SERVICES[context])


def test_what_is_waited_for_can_come_true() -> None:
    for service in SERVICES.values():
        for name, wanted in service.get("depends_on", {}).items():
            healthy = wanted["condition"] == "service_healthy"
            assert ("healthcheck" in SERVICES[name]) is healthy
            assert healthy or SERVICES[name]["restart"] == "no"


def test_every_named_volume_is_declared_and_used() -> None:
    mounted = [volume.split(":")[0] for s in SERVICES.values() for volume in s.get("volumes", ())]
    assert {name for name in mounted if not name.startswith(".")} == set(COMPOSE["volumes"])
    assert all((ROOT / path).is_file() for path in mounted if path.startswith("."))


def test_the_broker_imports_what_the_set_up_writes() -> None:
    configuration = (ROOT / "infra/rabbitmq/rabbitmq.conf").read_text()
    _, written = SERVICES["setup"]["command"][1:]
    assert SERVICES["setup"]["volumes"] == ["broker:/broker"]
    assert "broker:/etc/rabbitmq/rendered:ro" in SERVICES["rabbitmq"]["volumes"]
    read_from = written.replace("/broker/", "/etc/rabbitmq/rendered/")
    assert f"definitions.local.path = {read_from}\n" in configuration


def test_the_script_makes_every_secret_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    for _ in range(2):
        subprocess.run([ROOT / "infra/secrets.sh", file], check=True, capture_output=True)
        made = dict(line.split("=") for line in file.read_text().splitlines())
    required = {name for name, kind, _ in VARIABLE.findall(TEXT) if kind != "-"}
    assert set(made) == required
    assert len({*made.values()}) == len(made)
    assert all(len(value) >= 48 for value in made.values())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_secret_is_committed() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert not re.search(r"(PASSWORD|SECRET|_KEY): (?!\$\{)", TEXT)


def test_the_image_is_built_of_what_is_there_and_runs_our_command_as_nobody_special() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = [
        name
        for line in re.findall(r"^COPY (.+) \S+$", dockerfile, re.MULTILINE)
        for name in line.split()
    ]
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert all((ROOT / name).exists() and f"!{name}" in allowed for name in copied)
    assert {"src", "requirements.lock", "pyproject.toml"} <= set(copied)
    assert 'ENTRYPOINT ["ecommerce"]' in dockerfile
    assert re.search(r"^USER (?!root)\w+$", dockerfile, re.MULTILINE)
