# Sourced by the doors run, check and bench. `environment LOCK` leaves in $python the interpreter of .venv, holding
# what that lock names. Inside .venv lies a copy of the lock it was built from, so a start that finds everything in place
# compares two files and starts no second interpreter. The building is in environment.py.

installed() { # LOCK...: was .venv built from one of these, as they are now?
    for lock in "$@"; do
        cmp -s "$here/$lock" "$here/.venv/$lock" && return 0
    done
    return 1
}

set_up() { # LOCK: with the first Python on PATH that is new enough, or with the one uv brings
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            "$candidate" "$here/scripts/environment.py" "$1"
            return
        fi
    done
    if command -v uv >/dev/null 2>&1; then
        uv run --quiet --no-project --python '>=3.11,<3.15' "$here/scripts/environment.py" "$1"
        return
    fi
    found=$(python3 --version 2>&1) || found='no python3'
    echo "Perennia needs Python 3.11 or newer, and PATH has $found. Install one (Debian 12 and Ubuntu 24.04:" \
        "apt install python3 python3-venv; macOS: brew install python), or install uv, and start again." >&2
    return 1
}

environment() { # LOCK: the development lock holds the runtime lock, so it serves for both
    python=$here/.venv/bin/python
    if ! [ -x "$python" ] || ! installed "$1" requirements-dev.txt; then
        set_up "$1" || exit 1
    fi
}
