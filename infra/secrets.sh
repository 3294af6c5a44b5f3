#!/bin/sh
# Writes the passwords that compose.yaml asks for into .env (or the file that is named), once.
# They are made here and kept here: .env is ignored by git and readable by its owner alone.
set -eu
file=${1:-"$(dirname "$0")/../.env"}
[ ! -e "$file" ] || exit 0
umask 077
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
{
    for user in POSTGRES ADMIN CATALOG ORDERS INVENTORY PAYMENTS NOTIFICATIONS AUDIT; do
        echo "${user}_PASSWORD=$(secret)"
    done
    echo "PAYMENT_KEY=sk_test_$(secret)"
    echo "PAYMENT_WEBHOOK_SECRET=whsec_$(secret)"
} >"$file.new"
mv "$file.new" "$file"
echo "wrote $file" >&2
