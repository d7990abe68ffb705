#!/bin/sh
# Run the uv of .uv with the network settings that were made for pip: who configured pip should not have to do it twice.
#
#   scripts/uv.sh ARGUMENT...
set -eu
here=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
export UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
[ -z "${PIP_INDEX_URL:-}" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}"
[ -z "${PIP_EXTRA_INDEX_URL:-}" ] || export UV_INDEX="${UV_INDEX:-$PIP_EXTRA_INDEX_URL}"
[ -z "${PIP_FIND_LINKS:-}" ] || UV_FIND_LINKS="${UV_FIND_LINKS:-$(echo "$PIP_FIND_LINKS" | tr ' ' ',')}"
[ -z "${UV_FIND_LINKS:-}" ] || export UV_FIND_LINKS
[ -z "${PIP_NO_INDEX:-}" ] || export UV_NO_INDEX="${UV_NO_INDEX:-$PIP_NO_INDEX}"
if [ -n "${PIP_CERT:-}" ] && [ -z "${SSL_CERT_FILE:-}" ]; then export SSL_CERT_FILE="$PIP_CERT"; fi
exec "$here/.uv/bin/uv" "$@"
