#!/bin/sh
# Make .venv hold exactly what requirements.lock names, plus this checkout as an editable install.
#
#   scripts/bootstrap.sh            uv when it can be had, pip when not
#   BOOTSTRAP=pip                   pip from the start
#   PYTHON=python3.12               another interpreter (3.11 or newer; default python3)
#
# Two stamps inside .venv remember what was installed, so that a repeated call costs two hashes.
set -eu
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
BOOTSTRAP=${BOOTSTRAP:-uv}
LOCK_STAMP=.venv/.stamp-lock
PROJECT_STAMP=.venv/.stamp-project

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

digest() { cat "$@" | (sha256sum 2>/dev/null || shasum -a 256) | cut -c1-64; }

stamped() { [ -x .venv/bin/python ] && [ "$(cat "$1" 2>/dev/null || true)" = "$2" ]; }

check_python() {
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
        || die "needs Python 3.11 or newer; '$PYTHON' is $("$PYTHON" --version 2>&1 || true). Try: make setup PYTHON=python3.12"
    "$PYTHON" -c 'import ensurepip' 2>/dev/null \
        || die "'$PYTHON' has no venv support. On Debian: apt-get install python3-venv"
}

install_uv() {
    stamp=$(digest scripts/uv.txt)
    if [ -x .uv/bin/uv ] && [ "$(cat .uv/.stamp 2>/dev/null || true)" = "$stamp" ]; then return 0; fi
    rm -rf .uv
    "$PYTHON" -m venv .uv || return 1
    .uv/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r scripts/uv.txt || return 1
    printf '%s' "$stamp" >.uv/.stamp
}

sync_with_uv() {
    install_uv || return 1
    [ -x .venv/bin/python ] || sh scripts/uv.sh venv -q --python "$PYTHON" .venv || return 1
    sh scripts/uv.sh pip sync -q --python .venv/bin/python --require-hashes requirements.lock
}

sync_with_pip() {
    # pip cannot remove what the lock no longer names: a new environment can.
    rm -rf .venv
    "$PYTHON" -m venv .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
}

install_project() {
    # No build isolation: the locked setuptools builds it, so that nothing is resolved or fetched a second time.
    if [ -x .venv/bin/pip ]; then
        .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
    else
            sh scripts/uv.sh pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
    fi
}

main() {
    lock_id=$(digest requirements.lock)-$BOOTSTRAP
    # The absolute path belongs to it: an editable install points at the folder it was made in.
    project_id=$(digest setup.cfg pyproject.toml)-$lock_id-$(pwd)

    if stamped "$LOCK_STAMP" "$lock_id" && stamped "$PROJECT_STAMP" "$project_id"; then
        exit 0
    fi

    # Two makes in one tree must not sync the same environment at once.
    if command -v flock >/dev/null 2>&1 && [ -z "${BOOTSTRAP_LOCKED:-}" ]; then
        BOOTSTRAP_LOCKED=1 exec flock .bootstrap.lock sh scripts/bootstrap.sh
    fi

    check_python
    if ! stamped "$LOCK_STAMP" "$lock_id"; then
        rm -f "$LOCK_STAMP" "$PROJECT_STAMP"
        case $BOOTSTRAP in
            uv) sync_with_uv || { say "uv could not be used; falling back to pip"; sync_with_pip; } ;;
            pip) sync_with_pip ;;
            *) die "BOOTSTRAP is '$BOOTSTRAP'; expected uv or pip" ;;
        esac
        printf '%s' "$lock_id" >"$LOCK_STAMP"
    fi
    if ! stamped "$PROJECT_STAMP" "$project_id"; then
        install_project
        printf '%s' "$project_id" >"$PROJECT_STAMP"
    fi
    say "ready: $(.venv/bin/python --version), $(grep -c '^[A-Za-z0-9].*==' requirements.lock) locked packages"
}

# The shell has read the whole file by now: a checkout that replaces it while it runs does no harm.
main
exit
