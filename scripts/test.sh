#!/usr/bin/env bash
# Runs every check of the repository. Needs a Debian 12 machine with a Rust toolchain and nothing else.
#
#   ./scripts/test.sh            everything
#   ./scripts/test.sh test docs  only these steps: format lint docs deny test oracle rules demo
#
# Exit code 0 when every step passed or was skipped for a named reason, 1 when one failed. Safe to run again, and to stop.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

STEPS=(format lint docs deny test oracle rules demo)
PACKAGES=(build-essential ca-certificates)
# Features that bring an engine: crates build without them in seconds, and are tested with them.
ENGINES=kv/rocks,mpi/search,hub/rocks,benches/search
FAILED=()
SKIPPED=()

skip() {
    SKIPPED+=("$*")
    printf '\n!!! SKIPPED: %s\n' "$*" >&2
}

# Formatting is the same on every machine.
format() { run cargo fmt --all --check; }

# The linter, with every warning an error.
lint() { run cargo clippy --workspace --all-targets --features "$ENGINES" --locked -- -D warnings; }

# The documentation builds, and every link in it leads somewhere.
docs() { RUSTDOCFLAGS="-D warnings" run cargo doc --workspace --features "$ENGINES" --no-deps --document-private-items --locked; }

# Licences, advisories, banned crates and sources of the dependencies.
deny() {
    if ! cargo deny --version >/dev/null 2>&1; then
        skip "dependency rules: cargo-deny is not installed (cargo install cargo-deny --locked)"
        return 0
    fi
    run cargo deny --all-features check --hide-inclusion-graph bans licenses sources || return 1
    local log
    log=$(mktemp)
    if run cargo deny check advisories >"$log" 2>&1; then
        note "advisories ok"
    elif grep -q 'failed to fetch advisory database' "$log"; then
        skip "advisories: the advisory database cannot be reached from here"
    else
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# Unit, property and snapshot tests, and tidy (a test of xtask). Failures of one crate do not hide those of another.
tests() { run cargo test --workspace --features "$ENGINES" --locked --no-fail-fast; }

# Consent gives the answers of another policy engine, in a workspace of its own: its dependencies are no part of the house.
oracle() { (cd consent-oracle && run cargo test --locked); }

# Every rule set is well formed, and its golden pairs hold when the program itself runs them.
rules() {
    local files
    mapfile -t files < <(find matching-rules -name '*.toml' ! -name '*.tests.toml' ! -name survivorship.toml ! -path '*/normalize/*' | sort)
    if ((${#files[@]} == 0)); then
        skip "rule sets: there are none below matching-rules"
        return 0
    fi
    note "${#files[@]} rule sets"
    run "$NAYOSE" rules check "${files[@]}" && run "$NAYOSE" rules test "${files[@]}"
}

# The demonstration runs from end to end on a small population.
demo() {
    local folder status=0
    folder=$(mktemp -d)
    DEMO_OUT="$folder" DEMO_PROFILE=dev DEMO_ONCE=1 DEMO_PORT=18080 run ./scripts/demo.sh 1000 1 || status=$?
    rm -rf "$folder"
    return "$status"
}

# Builds the program if need be.
NAYOSE=
need_nayose() {
    [[ -n "$NAYOSE" ]] && return 0
    run cargo build --locked --bin nayose || return 1
    NAYOSE="$(target_directory)/debug/nayose"
}

main() {
    local wanted=("$@") step started
    ((${#wanted[@]} > 0)) || wanted=("${STEPS[@]}")
    for step in "${wanted[@]}"; do
        [[ " ${STEPS[*]} " == *" $step "* ]] || die "unknown step \`$step\`; there are: ${STEPS[*]}"
    done
    need_packages "${PACKAGES[@]}"
    need_rust fmt clippy
    # Formatting and dependency rules build nothing.
    if [[ " ${wanted[*]} " =~ \ (lint|docs|test|rules|demo)\  ]]; then need_rocksdb; fi
    for step in "${wanted[@]}"; do
        say "$step"
        started=$SECONDS
        case "$step" in
        test) tests || FAILED+=("$step") ;;
        rules | demo) { need_nayose && "$step"; } || FAILED+=("$step") ;;
        *) "$step" || FAILED+=("$step") ;;
        esac
        note "$step: $((SECONDS - started)) s"
    done
    summary
}

summary() {
    local reason
    say "Summary after $SECONDS s"
    for reason in "${SKIPPED[@]}"; do note "SKIPPED: $reason"; done
    if ((${#FAILED[@]} > 0)); then
        note "FAILED: ${FAILED[*]}"
        exit 1
    fi
    note "all that ran passed"
}

main "$@"
