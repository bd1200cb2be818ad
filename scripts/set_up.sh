#!/usr/bin/env bash
# Make .venv with all that viton needs, or do nothing when it is there already. Called by the Makefile.
#
#   PYTHON=/path/to/python3.12 scripts/set_up.sh      choose the Python (3.11 or newer)
#
# Two stamps are written inside .venv, each after its step is done, so that a kill at any moment is safe:
#   .installed   pip has finished; without it the environment is made anew
#   .stamp       torch and cv2 can be imported; when it matches, there is nothing to do
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."
here=$(pwd -P)
oldest_minor=11

say() { echo "set-up: $*" >&2; }
fail() { say "$*"; exit 1; }

# What an environment must match. The version is read from the environment, so no Python is started.
version_of_venv() {
    local line
    if [ -x .venv/bin/python ] && [ -r .venv/pyvenv.cfg ]; then
        while read -r line; do
            case $line in "version = "*) echo "${line#version = }"; return ;; esac
        done < .venv/pyvenv.cfg
    fi
    echo none
}
expected() {
    echo "files $(cat pyproject.toml constraints.txt scripts/set_up.sh | cksum)"
    echo "folder $here"
    echo "python $(version_of_venv) $(readlink -f .venv/bin/python 2> /dev/null)"
}
matches() { [ -r ".venv/$1" ] && [ "$(cat ".venv/$1")" = "$(expected)" ]; }
other_python_asked() {
    [ -n "${PYTHON:-}" ] && [ "$(command -v "$PYTHON" || true)" != "$(cat .venv/.made_by 2>/dev/null || true)" ]
}
nothing_to_do() { matches .stamp && ! other_python_asked; }

nothing_to_do && exit 0

# Each candidate is run: a name on PATH may be a shim without a Python behind it, or lack venv (Debian).
probe='import sys
try:
    import ensurepip, venv
    have = "venv"
except ImportError:
    have = "no-venv"
print("%d %d %d %s" % (sys.version_info[0], sys.version_info[1], sys.version_info[2], have))'

find_python() {
    local name answer major minor micro have too_old="" without_venv=""
    for name in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.13 python3.14 python3 python; do
        answer=$("$name" -c "$probe" 2>/dev/null) || answer=""
        if [ -n "$answer" ]; then
            read -r major minor micro have <<< "$answer"
            if [ "$major" -ne 3 ] || [ "$minor" -lt "$oldest_minor" ]; then
                too_old="$too_old, $name is $major.$minor.$micro"
            elif [ "$have" != venv ]; then
                without_venv=${without_venv:-"$name $major.$minor"}
            else
                command -v "$name"
                return
            fi
        fi
        if [ "$name" = "${PYTHON:-}" ]; then
            [ -n "$answer" ] || fail "PYTHON=$name: expected Python 3.$oldest_minor or newer, got nothing that runs"
            [ "$have" = venv ] || fail "$name lacks venv; on Debian: apt-get install python$major.$minor-venv"
            fail "PYTHON=$name: expected Python 3.$oldest_minor or newer, got $major.$minor.$micro"
        fi
    done
    [ -z "$without_venv" ] || fail "${without_venv% *} lacks venv; on Debian: apt-get install python${without_venv#* }-venv"
    fail "needs Python 3.$oldest_minor or newer, found none${too_old}; install one, or name it: make PYTHON=/path/to/python3.12 ..."
}

# One set-up at a time. The kernel frees the lock when its holders end; a pip that outlives a killed set-up holds it.
if command -v flock > /dev/null; then
    exec 9< scripts/set_up.sh
    if ! flock -n 9; then
        say "another set-up is running in this folder; waiting for it"
        flock 9
    fi
    nothing_to_do && exit 0
fi

make_venv() {
    local python free_kb
    python=$(find_python)
    say "making .venv with $python. PyPI's torch makes it about 6.6 GiB on Linux; about 3 minutes once downloaded."
    free_kb=$(df -Pk . | awk 'NR == 2 { print $4 }')
    [ "$free_kb" -gt 8000000 ] || say "warning: only $((free_kb / 1000000)) GB are free here"
    "$python" -m venv --clear .venv || fail "$python could not make .venv (see above)"
    echo "$python" > .venv/.made_by
}

install() {
    say "installing what pyproject.toml names, at the versions of constraints.txt"
    .venv/bin/python -m pip install --disable-pip-version-check --no-input -e '.[dev]' -c constraints.txt ||
        fail "pip failed (see above); the next call starts afresh, downloads are kept"
    expected > .venv/.installed.part
    mv .venv/.installed.part .venv/.installed
}

check_imports() {
    local error library
    say "importing torch, torchvision and cv2"
    if ! error=$(.venv/bin/python -c 'import torch, torchvision, cv2' 2>&1); then
        library=$(echo "$error" | grep -o 'lib[A-Za-z0-9_+.-]*\.so[.0-9]*: cannot open shared object file' | head -n 1 || true)
        case $library in
            libGL* | libgthread* | libglib* | libEGL* | libX*)
                fail "the system lacks ${library%%:*}, which cv2 needs; on Debian, as root: apt-get install libgl1 libglib2.0-0" ;;
            lib*)
                fail "the system lacks ${library%%:*}; install the package that holds it, then call again" ;;
            *)
                echo "$error" >&2
                fail "torch, torchvision or cv2 cannot be imported (see above)" ;;
        esac
    fi
}

same_place() {   # installed before, here, with the Python that is still there; only files have changed since
    [ -r .venv/.installed ] && [ "$(tail -n 2 .venv/.installed)" = "$(expected | tail -n 2)" ] && ! other_python_asked
}

if ! matches .installed || other_python_asked; then
    if same_place; then
        say "pyproject.toml, constraints.txt or scripts/set_up.sh has changed: bringing .venv up to date"
        rm -f .venv/.stamp .venv/.installed
    else
        [ ! -e .venv ] || say ".venv is unfinished, was moved, or was made otherwise: making it anew"
        rm -f .venv/.stamp .venv/.installed
        make_venv
    fi
    install
fi
check_imports
expected > .venv/.stamp.part
mv .venv/.stamp.part .venv/.stamp
say "done"
