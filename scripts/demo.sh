#!/usr/bin/env bash
# A whole network to try: makes a population, loads it into a store on disk, starts the server, prints what to ask it.
#
#   ./scripts/demo.sh [PEOPLE] [SEED]     57,078 people (the reference network) and seed 1 by default
#
# The first start takes a few minutes; later ones use the store that is there. Ctrl-C stops the server and keeps its data.
#
# Environment: DEMO_OUT     folder for everything (default: demo-data in the repository; remove it to begin anew)
#              DEMO_PORT    port on 127.0.0.1 (default: 8080)
#              DEMO_PROFILE release (default) or dev
#              DEMO_ONCE    1: run the commands that would be printed, check their answers, stop
#
# All people are invented. Needs a Debian 12 machine with a Rust toolchain and nothing else. Safe to run again, and to stop.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/common.sh
source scripts/common.sh

PEOPLE=${1:-57078}
SEED=${2:-1}
OUT=${DEMO_OUT:-demo-data}
PORT=${DEMO_PORT:-8080}
PROFILE=${DEMO_PROFILE:-release}
ONCE=${DEMO_ONCE:-0}
RULES=matching-rules/person.toml
POLICY=consent/policies/default.toml
# Names of tokens; the second officer reviews what the first has written.
CALLERS=(service clerk officer officer2 administrator source_system)

[[ "$PEOPLE" =~ ^[1-9][0-9]*$ ]] || die "PEOPLE must be a whole number above 0, not \`$PEOPLE\`"
[[ "$SEED" =~ ^[0-9]+$ ]] || die "SEED must be a whole number, not \`$SEED\`"
[[ "$PROFILE" == release || "$PROFILE" == dev ]] || die "DEMO_PROFILE must be release or dev, not \`$PROFILE\`"

need_packages build-essential ca-certificates curl
need_rust
need_rocksdb

say "Building (the first time takes a few minutes)"
run cargo build --locked --profile "$PROFILE" --features hub/rocks --package hub --bin nayose
NAYOSE="$(target_directory)/${PROFILE/dev/debug}/nayose"

# The value of a text member in an answer, the first of that name.
member() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -n 1; }

# The directory: the institutions of the file with their domains, and the service that asks, licensed for treatment.
describe_network() {
    awk -F, 'NR > 1 {
        printf "[[institutions]]\nid = \"%s\"\nname = \"%s\"\nkind = \"%s\"\nregion = \"%s\"\ndisclosing = %s\n", $1, $2, $3, $4, $5
        if ($6 != "") printf "code = \"%s\"\n", $6
        printf "[[authorities]]\nid = \"%s\"\nname = \"%s\"\nkind = \"patients\"\nowner = \"%s\"\n", $7, $2, $1
    } NR == 2 { first = $1 }
    END { printf "[[clients]]\nid = \"demo-service\"\nname = \"demo-service\"\ninstitution = \"%s\"\npurposes = [\"TREAT\"]\nroles = [\"physician\"]\n", first }' "$OUT/institutions.csv"
}

# The tokens are written beside the configuration for this demonstration only: a network gives each to its holder.
make_network() {
    local caller role text=() institution
    mkdir -p "$OUT"
    say "Making a population of $PEOPLE people with seed $SEED"
    run "$NAYOSE" synth --people "$PEOPLE" --seed "$SEED" --profile base --out "$OUT"
    say "Making keys, tokens and the configuration"
    [[ -f "$OUT/keys.toml" ]] || "$NAYOSE" keyring new "$OUT/keys.toml" >&2
    institution=$(sed -n '2p' "$OUT/institutions.csv" | cut -d, -f1)
    (umask 077 && : >"$OUT/tokens")
    {
        printf 'listen = "127.0.0.1:%s"\nkeyring = "keys.toml"\nwitness = "witness"\n\n[store]\nfolder = "store"\n\n[audit]\nfolder = "audit"\nwitness = "audit-witness"\n' "$PORT"
        for caller in "${CALLERS[@]}"; do
            text=()
            role=${caller%2}
            if [[ "$role" == source_system ]]; then text=(--institution "$institution"); fi
            "$NAYOSE" token new --id "demo-$caller" --role "$role" "${text[@]}" |
                tee >(sed -n "s/^# \(nayose_.*\)/$caller \1/p" >>"$OUT/tokens") | sed -n '/^\[\[tokens/,$p'
            printf '\n'
        done
    } >"$OUT/nayose.toml"
    say "Loading the directory"
    describe_network >"$OUT/directory.toml"
    run "$NAYOSE" directory load --config "$OUT/nayose.toml" "$OUT/directory.toml"
    say "Importing the records under $RULES"
    run "$NAYOSE" import --config "$OUT/nayose.toml" "$OUT/records.csv" \
        --rejects "$OUT/rejects.csv" --persons "$OUT/persons.csv"
    say "Quality against the truth that was made with the population"
    run "$NAYOSE" evaluate --clusters "$OUT/persons.csv" --truth "$OUT/truth.csv" \
        --errors "$OUT/errors.csv" --strata "$OUT/strata.csv"
    printf '%s %s\n' "$PEOPLE" "$SEED" >"$OUT/complete"
}

token() { sed -n "s/^$1 //p" "$OUT/tokens"; }

# Starts the server and waits until it is ready; it is stopped with the script.
start_server() {
    local attempt
    set -m
    "$NAYOSE" serve --config "$OUT/nayose.toml" 2>"$OUT/server.log" &
    CHILD=$!
    set +m
    for attempt in {1..600}; do
        if curl --silent --fail --max-time 5 "$URL/health/ready" >/dev/null; then return 0; fi
        kill -0 "$CHILD" 2>/dev/null || die "the server has ended; its messages are in $OUT/server.log"
        sleep 0.2
    done
    die "the server is not ready after two minutes ($attempt attempts); its messages are in $OUT/server.log"
}

# A record of the file: the column of that name. No field of these columns holds a comma.
field() { awk -F, -v row="$1" -v name="$2" 'NR==1 { for (i=1;i<=NF;i++) if ($i==name) c=i } NR==row+1 { print $c; exit }' "$OUT/records.csv"; }

# Asks the server as a role; the answer is printed, an error ends the script.
ask() {
    local role=$1
    shift
    curl --silent --show-error --fail-with-body --header "Authorization: Bearer $(token "$role")" "$@"
}

# Whether this server has an address.
has() { grep -q "\"$1\"" "$OUT/openapi.json"; }

# The search index follows the log by itself: the first start of a large network gives it some work.
wait_for_search() {
    local attempt
    for attempt in {1..300}; do
        if ask administrator "$URL/metrics" | grep -Eq 'search_lag_batches 0(\.0)?$'; then return 0; fi
        sleep 0.2
    done
    note "the search index is still catching up ($attempt attempts)"
}

# The commands to try, with values of this population. With DEMO_ONCE they are run, and an answer other than 2xx is an error.
try() {
    local role=$1 title=$2
    shift 2
    printf '\n  # %s\n  curl -H "Authorization: Bearer %s"' "$title" "$(token "$role")"
    printf ' %q' "$@"
    printf '\n'
    if [[ "$ONCE" == 1 ]]; then
        ask "$role" "$@" >"$OUT/answer" || die "$title: $(cat "$OUT/answer")"
        note "$(head -c 160 "$OUT/answer" | tr -d '\n')"
    fi
}

# The enterprise id of a record of the file.
person_of() { sed -n "$(($1 + 1))p" "$OUT/persons.csv" | cut -d, -f2; }

# What comes in, as the only text member of a JSON object.
as_member() {
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' | awk -v name="$1" 'BEGIN { printf "{\"%s\": \"", name } { printf "%s\\n", $0 } END { print "\"}" }'
}

# The rules with a higher threshold, as a JSON text.
candidate() { sed -e 's/^upper = .*/upper = 11.0/' "$RULES" | as_member rules; }

# One officer writes the policy and simulates it, the other reviews it; then it is in force.
publish_policy() {
    local json='Content-Type: application/json' run digest= attempt
    ask officer "$URL/v1/policies" | grep -q '"active"' && return 0
    say "Publishing the network's policy: written, simulated, reviewed by another officer"
    as_member text <"$POLICY" >"$OUT/policy.json"
    ask officer "$URL/v1/policies" --header "$json" --data-binary "@$OUT/policy.json" >/dev/null
    run=$(ask officer "$URL/v1/policies/1/simulations" --header "$json" --data '{}' | member id)
    for attempt in {1..300}; do
        digest=$(ask officer "$URL/v1/policies/1/simulations/$run" | member digest)
        [[ -z "$digest" ]] || break
        sleep 0.2
    done
    [[ -n "$digest" ]] || die "the simulation of the policy did not end ($attempt attempts)"
    ask officer2 "$URL/v1/policies/1/review" --header "$json" \
        --data "{\"simulation\": \"$digest\", \"is_widening_confirmed\": true}" >/dev/null
    ask officer "$URL/v1/policies/1/schedule" --header "$json" --data '{}' >/dev/null
}

# A patient joins, is seen by who treats him or her, and leaves again.
tour_of_consent() {
    local json='Content-Type: application/json' institution=$1 identity=$2 other question
    other=$(awk -F, -v own="$institution" 'NR>1 && $1!=own && $3=="hospital" { print $1; exit }' "$OUT/institutions.csv")
    question="{\"patient\": $identity, \"requester\": {\"institution\": \"$other\", \"role\": \"physician\", \"relations\": [\"open_encounter\"]}, \"purpose\": \"TREAT\", \"custodian\": \"$institution\", \"category\": \"prescriptions\"}"
    try clerk "A patient joins the network" "$URL/v1/enrolments" --header "$json" --data "$identity"
    try service "May a physician who treats the patient elsewhere see the prescriptions?" "$URL/v1/decisions" \
        --header "$json" --data "$question"
    try officer "Who can see this patient, and why not?" "$URL/v1/simulations/who-can-see" --header "$json" \
        --data "{\"patient\": $identity, \"purpose\": \"TREAT\", \"in_care\": true}"
    try service "Who has this number, in the eyes of that physician?" --get "$URL/v1/resolve" \
        --header "Nayose-Purpose: TREAT" --header "Nayose-Role: physician" --header "Nayose-Institution: $other" \
        --header "Nayose-Relations: open_encounter" --data-urlencode "authority=$3" --data-urlencode "value=$4"
    try clerk "The patient leaves: the same question is now denied" "$URL/v1/withdrawals" --header "$json" --data "$identity"
}

tour() {
    local json='Content-Type: application/json' institution authority one two etag merge why
    why='{"reason": "a trial of the demonstration"}'
    institution=$(field 1 institution)
    authority=$(awk -F, -v id="$institution" '$1==id { print $NF }' "$OUT/institutions.csv")
    try service "Who has this number at that institution?" --get "$URL/v1/resolve" \
        --data-urlencode "authority=$authority" --data-urlencode "value=$(field 1 local_id)"
    try service "Who is this, and why?" "$URL/v1/match" --header "$json" --data \
        "{\"explain\": true, \"limit\": 3, \"demographics\": {\"family_kanji\": \"$(field 1 family_kanji)\", \"given_kanji\": \"$(field 1 given_kanji)\", \"family_kana\": \"$(field 1 family_kana)\", \"given_kana\": \"$(field 1 given_kana)\", \"phone\": \"$(field 1 phone)\", \"birth_date\": \"$(field 1 birth_date)\", \"sex\": \"$(field 1 sex)\"}}"
    if has /v1/search; then
        wait_for_search
        try clerk "Half a name is enough" --get "$URL/v1/search" --data-urlencode "q=$(field 1 family_kanji)"
    fi
    one=$(person_of 1)
    two=$(awk -F, -v one="$one" 'NR>2 && $2!=one { print $2; exit }' "$OUT/persons.csv")
    etag=$(ask clerk --output /dev/null --dump-header - "$URL/v1/persons/$one" | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
    try clerk "Merge two persons (the tag shows that nobody changed the one meanwhile)" "$URL/v1/persons/$one/merge" \
        --header "$json" --header "If-Match: $etag" --data "{\"person\": \"$two\", \"reason\": \"a trial of the demonstration\"}"
    merge=MERGE
    if [[ "$ONCE" == 1 ]]; then merge=$(member merge <"$OUT/answer"); fi
    try clerk "And undo it (the answer above names the merge)" "$URL/v1/merges/$merge/undo" --header "$json" --data "$why"
    publish_policy
    tour_of_consent "$institution" "{\"authority\": \"$authority\", \"value\": \"$(field 1 local_id)\"}" \
        "$authority" "$(field 1 local_id)"
    if has /v1/rules/shadow; then
        candidate >"$OUT/candidate.json"
        try administrator "What would a higher threshold change? (the answer names the run; ask \`/v1/rules/shadow/RUN\`)" \
            "$URL/v1/rules/shadow" --header "$json" --data-binary "@$OUT/candidate.json"
    fi
}

if [[ -f "$OUT/complete" ]]; then
    say "Using the network in $OUT ($(<"$OUT/complete") people and seed); remove the folder to begin anew"
    # The port may be another this time.
    sed -i "s/^listen = .*/listen = \"127.0.0.1:$PORT\"/" "$OUT/nayose.toml"
elif [[ -d "$OUT/store" ]]; then
    say "Going on with the import that was stopped"
    describe_network >"$OUT/directory.toml"
    run "$NAYOSE" directory load --config "$OUT/nayose.toml" "$OUT/directory.toml"
    run "$NAYOSE" import --config "$OUT/nayose.toml" "$OUT/records.csv" --rejects "$OUT/rejects.csv" --persons "$OUT/persons.csv"
    printf '%s %s\n' "$PEOPLE" "$SEED" >"$OUT/complete"
else
    make_network
fi

URL="http://127.0.0.1:$PORT"
say "Starting the server on $URL"
start_server
curl --silent --fail "$URL/v1/openapi.json" >"$OUT/openapi.json" || die "the server does not describe itself"
say "The server answers on $URL (its log: $OUT/server.log). A token for each role:"
while read -r role secret; do printf '  %-14s %s\n' "$role" "$secret"; done <"$OUT/tokens"
say "Commands to try"
tour
if [[ "$ONCE" == 1 ]]; then
    kill -TERM -- "-$CHILD"
    wait "$CHILD" || die "the server did not stop well; its messages are in $OUT/server.log"
    CHILD=
    say "All commands were answered"
else
    say "Ctrl-C stops the server; its data stay in $OUT"
    wait "$CHILD"
fi
