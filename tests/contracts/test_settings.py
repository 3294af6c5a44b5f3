"""Each variable that a process reads is named in compose.yaml and in the README, and no other."""

from __future__ import annotations

import re

import pytest

from composed import OURS, ROOT, SETTINGS, environment
from ecommerce.cli.setup import variables as setup_variables
from ecommerce.config import Settings, read
from ecommerce.contexts import CONTEXTS
from ecommerce.kernel import Value


def fields(kind: type[Value]) -> set[str]:
    return {field.upper() for field in kind.__struct_fields__}


def readme_rows() -> list[tuple[str, set[str], str]]:
    page = (ROOT / "README.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \| ([^|]+) \|", page, re.MULTILINE)
    return [(name, set(readers.split(", ")), default) for name, readers, default in rows]


def told_by_readme(service: str) -> set[str]:
    groups = {service, "services"} if service in CONTEXTS else {service}
    return {name for name, readers, _ in readme_rows() if readers & groups}


@pytest.mark.parametrize("service", SETTINGS)
def test_each_process_can_read_its_settings_and_is_told_nothing_else(service: str) -> None:
    read(SETTINGS[service], environment(service))
    assert set(environment(service)) <= fields(SETTINGS[service])


def test_the_set_up_is_told_what_it_reads() -> None:
    assert set(environment("setup")) == set(setup_variables())


@pytest.mark.parametrize("service", OURS)
def test_compose_and_the_readme_name_the_same_variables(service: str) -> None:
    assert set(environment(service)) == told_by_readme(service)


@pytest.mark.parametrize("kind", {*SETTINGS.values()}, ids=lambda kind: kind.__name__)
def test_no_variable_is_read_that_compose_and_the_readme_do_not_name(kind: type[Value]) -> None:
    told = [told_by_readme(service) for service, settings in SETTINGS.items() if settings is kind]
    assert set().union(*told) == fields(kind)


@pytest.mark.parametrize("kind", {*SETTINGS.values()}, ids=lambda kind: kind.__name__)
def test_the_readme_tells_the_defaults(kind: type[Value]) -> None:
    defaults = dict(
        zip(reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False)
    )
    for name, readers, told in readme_rows():
        if any(SETTINGS.get(reader, Settings) is kind for reader in readers - {"setup"}):
            default = defaults.get(name.lower(), "required")
            assert str(default) in told, f"{name} of {kind.__name__}: {default}"
