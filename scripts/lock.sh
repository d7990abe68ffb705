#!/bin/sh
# Resolve requirements.in into requirements.lock: one file for Python 3.11 and newer on every platform, with hashes,
# without an address of any package host and without a path of this machine.
#
#   scripts/lock.sh                keep what is locked unless requirements.in asks for more
#   scripts/lock.sh --upgrade      newest of everything
set -eu
cd "$(dirname "$0")/.."

[ -x .uv/bin/uv ] || { echo "lock: needs uv; run 'make setup' without BOOTSTRAP=pip" >&2; exit 1; }

sh scripts/uv.sh pip compile -q --universal --python-version 3.11 --generate-hashes \
    --no-header --no-emit-index-url --no-emit-find-links "$@" requirements.in -o requirements.lock
echo "lock: $(grep -c '^[A-Za-z0-9].*==' requirements.lock) packages" >&2
