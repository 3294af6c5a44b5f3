#!/usr/bin/env bash
# Sets up what `make up` and `make test` need: the servers' programs, and .venv from requirements.lock.
# Run again it does nothing, unless something is missing or requirements.lock or pyproject.toml changed.
set -euo pipefail
cd "$(dirname "$0")"
venv=$PWD/.venv
policy=/usr/sbin/policy-rc.d # what says whether packages may start their services

say() { printf '%s\n' "$*" >&2; }
give_up() { say "$@"; exit 1; }

# Runs a command as root, without ever asking for a password.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# Runs a command with its output kept back; shows the end of it when the command fails.
quietly() {
    local output
    output=$(mktemp)
    if ! "$@" </dev/null >"$output" 2>&1; then
        tail -n 20 "$output" >&2
        rm -f "$output"
        return 1
    fi
    rm -f "$output"
}

# Installs system packages; what they bring as services is not started, we run our own.
apt_install() {
    local failed=''
    command -v apt-get >/dev/null ||
        give_up "Missing: $*. This is no Debian or Ubuntu: install them, or use the containers of compose.yaml."
    as_root true 2>/dev/null ||
        give_up "Missing: $*. Run 'apt-get install $*' as root and try again, or use the containers of compose.yaml."
    say "Installing $* from the system's packages (their services are not started; this takes a minute) ..."
    if [ ! -e $policy ]; then
        trap 'as_root rm -f $policy' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod +x $policy
    fi
    quietly as_root apt-get update -qq || say "The package lists could not all be renewed; going on with those at hand."
    quietly as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "$@" || failed=yes
    [ -z "$failed" ] || give_up "apt-get could not install $*; its last words stand above."
}

find_servers() {
    local missing=()
    [ -n "${AMQP_URL:-}" ] || [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] ||
        command -v rabbitmq-server >/dev/null || missing+=(rabbitmq-server)
    [ -n "${DATABASE_URL:-}" ] || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ||
        command -v postgres >/dev/null || missing+=(postgresql)
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# The system's own Python comes first: distributions build it with profile-guided optimization, version
# managers mostly without, which costs a tenth of the processor time. ECOMMERCE_PYTHON names another
# one, for a new .venv.
find_python() {
    local candidate candidates=(/usr/bin/python3 python3 python3.13 python3.12 python3.11)
    [ -z "${ECOMMERCE_PYTHON:-}" ] || candidates=("$ECOMMERCE_PYTHON")
    [ -n "${ECOMMERCE_PYTHON:-}" ] || command -v python3 >/dev/null || apt_install python3
    for candidate in "${candidates[@]}"; do
        if is_new_enough "$candidate" && makes_environments "$candidate"; then
            python=$(command -v "$candidate")
            return
        fi
    done
    for candidate in "${candidates[@]}"; do
        if is_new_enough "$candidate"; then python=$(command -v "$candidate"); return; fi
    done
    give_up "Python 3.11 or newer is needed; there is none among: ${candidates[*]}. Install it, or use the containers of compose.yaml."
}

makes_environments() { has_ensurepip "$1" || pip_reaches_out "$1"; }

# True where pip can install into an environment that has no pip of its own.
pip_reaches_out() { "$1" -m pip --python "$1" --version >/dev/null 2>&1; }

has_ensurepip() { "$1" -m ensurepip --version >/dev/null 2>&1; }

make_venv() {
    say "Making .venv ..."
    rm -rf "$venv"
    makes_environments "$python" || apt_install python3-venv
    if has_ensurepip "$python"; then
        quietly "$python" -m venv "$venv" || give_up "Python could not make .venv."
    else
        quietly "$python" -m venv --without-pip "$venv" || give_up "Python could not make .venv."
    fi
}

pip_install() {
    local pip=("$venv/bin/python" -m pip)
    "${pip[@]}" --version >/dev/null 2>&1 || pip=("$python" -m pip --python "$venv/bin/python")
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore \
        quietly "${pip[@]}" install --progress-bar off "$@" || give_up "pip failed; its last words stand above."
}

install_packages() {
    say "Installing the Python packages of requirements.lock, each checked against its hash (a minute or two) ..."
    # The lock names all there is. Without --no-deps an old pip looks for the newest version of what
    # is asked for with an extra, and refuses it.
    pip_install --require-hashes --no-deps -r requirements.lock
    say "Installing the project itself ..."
    pip_install --no-deps -e .
}

# What .venv was made of and where: made anew elsewhere, brought up to date when the files change.
fingerprint() { { echo "$venv"; sha256sum requirements.lock pyproject.toml; } | sha256sum; }

was_made_here() { head -n 1 "$venv/bin/ecommerce" 2>/dev/null | grep -qF "#!$venv/bin/python"; }

find_servers
if [ "$(cat "$venv/.made-of" 2>/dev/null)" != "$(fingerprint)" ]; then
    find_python
    was_made_here && is_new_enough "$venv/bin/python" || make_venv
    install_packages
    fingerprint >"$venv/.made-of"
fi
