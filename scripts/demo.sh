#!/usr/bin/env bash
# The main job from end to end: makes a population, links its records, prints how well that went. Opens nothing.
#
#   ./scripts/demo.sh [PEOPLE] [SEED]     57,078 people (the reference network) and seed 1 by default
#
# Environment: DEMO_OUT     folder for the files (default: demo-data in the repository; it is replaced)
#              DEMO_PROFILE release (default) or dev
#
# All people are invented. Needs a Debian 12 machine with a Rust toolchain and nothing else. Safe to run again, and to stop.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

PEOPLE=${1:-57078}
SEED=${2:-1}
OUT=${DEMO_OUT:-demo-data}
PROFILE=${DEMO_PROFILE:-release}
RULES=matching-rules/person.toml

[[ "$PEOPLE" =~ ^[1-9][0-9]*$ ]] || die "PEOPLE must be a whole number above 0, not \`$PEOPLE\`"
[[ "$SEED" =~ ^[0-9]+$ ]] || die "SEED must be a whole number, not \`$SEED\`"
[[ "$PROFILE" == release || "$PROFILE" == dev ]] || die "DEMO_PROFILE must be release or dev, not \`$PROFILE\`"

need_packages build-essential ca-certificates
need_rust
need_rocksdb

say "Building (the first time takes a few minutes)"
run cargo build --locked --profile "$PROFILE" --bin nayose
NAYOSE="$(target_directory)/${PROFILE/dev/debug}/nayose"

mkdir -p "$OUT"
say "Making a population of $PEOPLE people with seed $SEED"
run "$NAYOSE" synth --people "$PEOPLE" --seed "$SEED" --profile base --out "$OUT"

say "Linking the records with $RULES"
started=$SECONDS
run "$NAYOSE" link --rules "$RULES" "$OUT/records.csv" \
    --out "$OUT/clusters.csv" --pairs "$OUT/pairs.csv" --report "$OUT/report.html" --truth "$OUT/truth.csv"
note "linked in $((SECONDS - started)) s"

say "Quality against the truth that was made with the population"
run "$NAYOSE" evaluate --clusters "$OUT/clusters.csv" --pairs "$OUT/pairs.csv" --truth "$OUT/truth.csv" \
    --errors "$OUT/errors.csv" --strata "$OUT/strata.csv"

say "The files are in $OUT"
for file in records.csv institutions.csv truth.csv errors.csv strata.csv clusters.csv pairs.csv report.html; do
    if [[ -f "$OUT/$file" ]]; then note "$(du -h "$OUT/$file" | cut -f1)  $OUT/$file"; fi
done
note "open $OUT/report.html in a browser to see the weights, the threshold curve and example pairs"
