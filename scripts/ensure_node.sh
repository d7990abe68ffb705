#!/bin/sh
# The interoperability tests run other people's OAuth software on Node.js. Make sure that there is a Node.js of version 20
# or newer (the machine's, otherwise one of our own in .node) and that tests/interop/node_modules holds what its lock names.
# Exit 0: it is there; 75: it is not (the Makefile goes on without, except in CI).
set -eu
cd "$(dirname "$0")/.."

digest() { cat "$@" | sha256sum | cut -c1-64; }

good_enough() { [ "$("$1" -p 'process.versions.node.split(".")[0] >= 20' 2>/dev/null || true)" = true ]; }

own_node() {
    stamp=$(digest scripts/node.txt)
    if [ -x .node/bin/node ] && [ "$(cat .node/.stamp 2>/dev/null || true)" = "$stamp" ]; then return 0; fi
    echo "node: no Node.js of version 20 or newer with npm here, installing one into .node" >&2
    rm -rf .node
    "${PYTHON:-python3}" -m venv .node
    .node/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r scripts/node.txt
    printf '%s' "$stamp" >.node/.stamp
}

install_all() {
    if ! { good_enough node && command -v npm >/dev/null 2>&1; }; then
        own_node || return 1
        PATH=$(pwd)/.node/bin:$PATH
        export PATH
    fi
    stamp=$(digest tests/interop/package-lock.json)-$(node --version)
    if [ "$(cat tests/interop/node_modules/.stamp 2>/dev/null || true)" = "$stamp" ]; then return 0; fi
    (cd tests/interop && npm ci --no-progress --loglevel=error >/dev/null) || return 1
    printf '%s' "$stamp" >tests/interop/node_modules/.stamp
}

if install_all; then exit 0; fi
echo "node: the packages of tests/interop could not be installed, so the interoperability tests cannot run" >&2
exit 75
