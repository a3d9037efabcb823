#!/usr/bin/env bash
# Builds the static RocksDB library once per machine, outside of every target folder, and prints the folder that holds it.
#
#   ROCKSDB_LIB_DIR=$(./scripts/rocksdb.sh) ROCKSDB_STATIC=1 cargo build …
#
# The library is a quarter of a million lines of C++: about 20 minutes on two cores. Every profile and every fresh clone
# links the one that lies in the cache. scripts/test.sh and scripts/demo.sh call this by themselves.
#
# Environment: NAYOSE_CACHE  folder for what is built once (default: nayose in the user's cache folder)
#
# Safe to run again, at the same time, and to stop: the folder appears when it is complete.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

# Those of kv/Cargo.toml; another set is another library.
FEATURES=(lz4 zstd)

# The version of a package in Cargo.lock.
locked_version() { awk -v name="name = \"$1\"" '$0 == name { getline; gsub(/version = |"/, ""); print; exit }' Cargo.lock; }

compiler_version() { printf '%s-%s' "$("${CXX:-c++}" -dumpmachine)" "$("${CXX:-c++}" -dumpfullversion -dumpversion)"; }

# Builds the crate that brings the C++ sources, in a project of its own with the versions of ours.
build() {
    local project=$1
    mkdir -p "$project/src"
    : >"$project/src/lib.rs"
    cp Cargo.lock rust-toolchain.toml "$project/"
    cat >"$project/Cargo.toml" <<MANIFEST
[package]
name = "rocksdb-library"
version = "0.0.0"
edition = "2024"
[dependencies]
librocksdb-sys = { version = "=$VERSION", default-features = false, features = ["bindgen-runtime", $(printf '"%s", ' "${FEATURES[@]}")] }
[workspace]
MANIFEST
    # The C++ sources take AVX2 as a promise of carry-less multiplication, which the name of the processor in
    # .cargo/config.toml does not give; every processor that it stands for has it.
    local flags=()
    if [[ "$(uname -m)" == x86_64 ]]; then flags=(RUSTFLAGS="-C target-cpu=x86-64-v3 -C target-feature=+pclmulqdq"); fi
    # A library that is named from outside would be linked instead of built.
    run env -u ROCKSDB_LIB_DIR -u ROCKSDB_STATIC CARGO_INCREMENTAL=0 "${flags[@]}" \
        cargo build --release --manifest-path "$project/Cargo.toml" --target-dir "$project/target" >&2
}

need_packages build-essential ca-certificates libclang1-14 libclang-common-14-dev
need_rust
VERSION=$(locked_version librocksdb-sys)
[[ -n "$VERSION" ]] || die "Cargo.lock names no librocksdb-sys"
CACHE=${NAYOSE_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/nayose}
FOLDER="$CACHE/rocksdb-$VERSION-$(IFS=-; echo "${FEATURES[*]}")-$(compiler_version)"

if [[ ! -f "$FOLDER/librocksdb.a" ]]; then
    mkdir -p "$CACHE"
    # Whoever comes second waits, and then finds the library.
    exec 9>"$FOLDER.lock"
    flock --nonblock 9 || { note "another build of RocksDB is under way; waiting for it" && flock 9; }
    if [[ ! -f "$FOLDER/librocksdb.a" ]]; then
        say "Building RocksDB $VERSION once for this machine (about 20 minutes on 2 cores)"
        PROJECT=$(mktemp -d "$FOLDER.building.XXXXXX")
        trap 'rm -rf "$PROJECT"' EXIT
        build "$PROJECT" || die "cannot build RocksDB; the messages are above"
        mkdir -p "$FOLDER"
        mv "$(find "$PROJECT/target/release/build" -name librocksdb.a -print -quit)" "$FOLDER/librocksdb.a"
    fi
fi
printf '%s\n' "$FOLDER"
