#!/usr/bin/env bash
# Prepare this checkout: the virtual environment, pinned requirements and, where they can be
# installed (root and apt), the system packages that are missing.
#   setup.sh run   requirements.txt; without the MySQL driver where that cannot be built
#   setup.sh dev   what the checks and tests need; anything missing is an error that names it
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-run}
python=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }
can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
apt_install() {
    say "Installing $* …"
    apt-get update -qq >/dev/null 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "Python 3.11 or newer is needed; '$python' is $("$python" -V 2>&1). Set PYTHON=…"
    exit 1
}

if [ ! -x .venv/bin/python ]; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || {
        if can_install; then apt_install python3-venv; else
            say "Python has no venv module. Install it: apt-get install python3-venv"; exit 1
        fi
    }
    "$python" -m venv .venv
fi

# A stamp of what was requested: nothing is done when nothing changed.
install() {
    local stamp=".venv/.installed-$1" sum
    shift
    sum=$(cat "$@" requirements.txt | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && return 0
    local arguments=()
    for file in "$@"; do arguments+=(-r "$file"); done
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "${arguments[@]}" || return 1
    printf '%s' "$sum" >"$stamp"
}

python_headers() {
    .venv/bin/python -c 'import pathlib, sys, sysconfig
sys.exit(not (pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists())'
}
mysql_can_be_built() {
    command -v cc >/dev/null && command -v pkg-config >/dev/null && python_headers &&
        { pkg-config --exists mysqlclient || pkg-config --exists libmariadb || pkg-config --exists mariadb; }
}
build_packages=(default-libmysqlclient-dev pkg-config build-essential python3-dev)

driver_works() { .venv/bin/python -c 'import MySQLdb' 2>/dev/null; }

if [ "$what" = run ]; then
    driver_works || mysql_can_be_built || ! can_install || apt_install "${build_packages[@]}" || true
    because=""
    if driver_works || mysql_can_be_built; then
        install run requirements.txt 2>.venv/driver.log && exit 0
        because=" (its build failed: .venv/driver.log)"
    fi
    # Everything else, and one line for people: the demo needs no driver.
    grep -v '^mysqlclient==' requirements.txt >.venv/without-driver.txt
    install without-driver .venv/without-driver.txt
    driver_works || say "No MySQL driver$because, which the SQLite demo does not need. For MySQL or" \
        "MariaDB: apt-get install ${build_packages[*]} && make venv"
    exit 0
fi

missing=()
mysql_can_be_built || missing+=("${build_packages[@]}")
command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server)
command -v redis-server >/dev/null || missing+=(redis-server)
command -v msgfmt >/dev/null || missing+=(gettext)
# The two font sets of the layout tests (tests/browser/fonts.py).
for font in fonts-dejavu-core:DejaVuSans fonts-lemonada:Lemonada-Regular; do
    file=$(find /usr/share/fonts /usr/local/share/fonts "${XDG_DATA_HOME:-$HOME/.local/share}/fonts" \
        -name "${font#*:}.*" 2>/dev/null || true)
    [ -n "$file" ] || missing+=("${font%%:*}")
done
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing+=(chromium)
if [ ${#missing[@]} -gt 0 ]; then
    if can_install; then apt_install "${missing[@]}"; else
        say "The tests need what this machine lacks. Install it:  apt-get install ${missing[*]}"
        exit 1
    fi
fi
install dev requirements-dev.txt
