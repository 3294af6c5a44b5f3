#!/usr/bin/env bash
# RabbitMQ 4.3 or newer beside the system's own: in a root folder made from Debian's newest suite.
#
#   broker4.sh make                     make the folder, unless it is there, and print where it is
#   broker4.sh version                  print the version in it
#   broker4.sh run FOLDER COMMAND ...   run a command in it; FOLDER is in there at the same path
#
# ECOMMERCE_RABBITMQ4 says where it is to be (400 MB), DEBIAN_MIRROR where Debian is. Making it
# takes root, debootstrap and a minute; removing the folder makes the next one newer.
set -euo pipefail
root=${ECOMMERCE_RABBITMQ4:-${XDG_CACHE_HOME:-$HOME/.cache}/ecommerce/rabbitmq-4}
suite=sid
oldest=4.3

say() { printf '%s\n' "$*" >&2; }

version() { dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${Version}\n' rabbitmq-server; }

make_root() {
    command -v debootstrap >/dev/null || { say "Missing: debootstrap (apt-get install debootstrap)."; exit 1; }
    say "Making $root from Debian $suite; this takes a minute ..."
    mkdir -p "$(dirname "$root")"
    rm -rf "$root.new"
    # Without a mirror of its own, debootstrap takes the usual one.
    debootstrap --variant=minbase --include=rabbitmq-server "$suite" "$root.new" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >&2
    printf '127.0.0.1 localhost\n' >"$root.new/etc/hosts"
    rm -rf "$root"
    mv "$root.new" "$root"
}

# The folder has its own mounts, which are gone with the command. The last exec leaves one process.
run() {
    local folder=$1 namespaces=(-m)
    shift
    [ "$(id -u)" = 0 ] || namespaces=(-r -m)
    # shellcheck disable=SC2016 # these are expanded in there
    exec unshare "${namespaces[@]}" bash -c '
        set -e
        root=$1 folder=$2
        shift 2
        mount --make-rprivate / 2>/dev/null || true
        mount --rbind /proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mkdir -p "$root$folder"
        mount --bind "$folder" "$root$folder"
        exec chroot "$root" "$@"' _ "$root" "$folder" "$@"
}

case ${1:-} in
make)
    [ -x "$root/usr/lib/rabbitmq/bin/rabbitmq-server" ] || make_root
    dpkg --compare-versions "$(version)" ge "$oldest" ||
        { say "RabbitMQ $(version) in $root is older than $oldest: remove the folder."; exit 1; }
    printf '%s\n' "$root"
    ;;
version) version ;;
run) shift; run "$@" ;;
*) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
