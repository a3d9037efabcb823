# Shared by the scripts beside it: messages, set-up of a fresh machine, running a step that can be stopped.
# Sourced, not run.
# shellcheck shell=bash

say() { printf '\n==> %s\n' "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Prints those of the named Debian packages that are not installed.
missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

# Installs the named Debian packages when run as root; otherwise prints the one line to run, and stops.
need_packages() {
    local missing
    if ! command -v dpkg-query >/dev/null; then
        command -v cc >/dev/null || die "no C compiler found: install the equivalents of: $*"
        return 0
    fi
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} == 0)) && return 0
    if ((EUID != 0)); then
        die "system packages are missing; run: sudo apt-get update && sudo apt-get install --yes --no-install-recommends ${missing[*]}"
    fi
    say "Installing system packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update --quiet --quiet || note "the package lists could not be refreshed; trying with those at hand"
    apt-get install --yes --quiet --no-install-recommends "${missing[@]}" || die "cannot install: ${missing[*]}"
}

# Finds cargo, also where an installer put it without touching PATH, and checks the components that are asked for.
need_rust() {
    local component
    if ! command -v cargo >/dev/null && [[ -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/cargo" ]]; then
        PATH="${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH"
        export PATH
    fi
    command -v cargo >/dev/null || die "no Rust toolchain found: install rustup (rust-toolchain.toml names the version)"
    for component in "$@"; do
        cargo "$component" --version >/dev/null 2>&1 ||
            die "cargo $component is missing; run: rustup component add ${component/fmt/rustfmt}"
    done
}

# Runs a command in a process group of its own, so that stopping the script stops everything that it started.
CHILD=
run() {
    local status=0
    set -m
    "$@" &
    CHILD=$!
    set +m
    wait "$CHILD" || status=$?
    CHILD=
    return "$status"
}

# Called with the exit status to end with.
stop() {
    trap - INT TERM
    if [[ -n "$CHILD" ]]; then
        kill -TERM -- "-$CHILD" 2>/dev/null || true
        wait "$CHILD" 2>/dev/null || true
    fi
    printf '\nstopped\n' >&2
    exit "$1"
}
trap 'stop 130' INT
trap 'stop 143' TERM

# Lets cargo link the RocksDB library of this machine, which is built first if it is not there yet.
need_rocksdb() {
    local found
    found=$(mktemp)
    run ./scripts/rocksdb.sh >"$found" || die "the RocksDB library is missing"
    ROCKSDB_LIB_DIR=$(<"$found")
    rm -f "$found"
    export ROCKSDB_LIB_DIR ROCKSDB_STATIC=1
}

# Where cargo builds, also when that is set elsewhere.
target_directory() {
    cargo metadata --format-version 1 --no-deps --locked | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}
