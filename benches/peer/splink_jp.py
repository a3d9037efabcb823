"""Links a file with the columns of jp_10k with Splink on DuckDB, and prints what each stage cost as JSON.

The model is the one that Splink's documentation builds for such columns: names with term frequencies, a birth date,
identifiers that allow one typing error. Blocking and deterministic rules come from the harness, which makes them from
our rule file, so both engines compare the same pairs. Starting Python and importing Splink are not counted, nor is
anything after clustering: that is in Splink's favour.
"""

import argparse
import json
import logging
import resource
import time

import duckdb
import splink
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.blocking_analysis import count_comparisons_from_blocking_rules

# Blocks in which m is learned: two that share no column, so that every comparison is learned in one of them.
TRAINING_BLOCKS = [("family_kana", "given_kana"), ("dob", "postcode")]
# Random pairs for u, the upper end of what the documentation uses.
RANDOM_PAIRS = 1e7
# Pairs below this probability are not kept; clusters are made of pairs from the other one up.
PREDICT_FROM, CLUSTER_FROM = 0.01, 0.95


def model(blocks):
    frequent = {"term_frequency_adjustments": True}
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        blocking_rules_to_generate_predictions=blocks,
        comparisons=[
            cl.NameComparison("family_kana").configure(**frequent),
            cl.NameComparison("given_kana").configure(**frequent),
            cl.DateOfBirthComparison("dob", input_is_string=True, invalid_dates_as_null=True),
            cl.ExactMatch("sex"),
            cl.LevenshteinAtThresholds("postcode", 1).configure(**frequent),
            cl.LevenshteinAtThresholds("phone", 1),
            cl.LevenshteinAtThresholds("insured_no", 1),
        ],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )


class Stages:
    """Processor and wall seconds of each stage, of all threads of this process."""

    def __init__(self):
        self.seconds = {}
        self.start = self.last = (time.process_time(), time.perf_counter())

    def end(self, name):
        now = (time.process_time(), time.perf_counter())
        self.seconds[name] = [round(after - before, 3) for after, before in zip(now, self.last)]
        self.last = now

    def total(self):
        return [after - before for after, before in zip(self.last, self.start)]


def link(connection, arguments, spec):
    stages = Stages()
    connection.execute(
        "create table input as select * from read_csv(?, all_varchar = true, nullstr = '')", [arguments.records]
    )
    api = DuckDBAPI(connection=connection)
    blocks = [rule["sql"] for rule in spec["blocks"]]
    linker = Linker(api.register(connection.table("input")), model(blocks))
    stages.end("load")
    linker.training.estimate_probability_two_random_records_match(spec["deterministic"], recall=spec["recall"])
    stages.end("prior")
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1)
    stages.end("u")
    for columns in TRAINING_BLOCKS:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*columns), estimate_without_term_frequencies=True
        )
    stages.end("m")
    pairs = linker.inference.predict(threshold_match_probability=PREDICT_FROM)
    stages.end("predict")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=CLUSTER_FROM
    )
    stages.end("cluster")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return stages, peak, pairs.physical_name, clusters.physical_name


def count_pairs(connection, spec):
    """Exact pairs of each rule that no earlier rule has."""
    connection.execute("create table input_to_count as select * from input")
    counts = count_comparisons_from_blocking_rules(
        DuckDBAPI(connection=connection).register(connection.table("input_to_count")),
        blocking_rules=[rule["sql"] for rule in spec["blocks"]],
        link_type="dedupe_only",
        record_sample_proportion=1.0,
    )
    names = [rule["name"] for rule in spec["blocks"]]
    return [{"name": name, "pairs": int(row["marginal_comparison_count"])} for name, row in zip(names, counts)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", required=True, help="CSV with the columns of jp_10k")
    parser.add_argument("--spec", required=True, help="JSON: blocks (name, sql), deterministic (sql), recall")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--spill", required=True, help="folder for what does not fit into memory")
    parser.add_argument("--count", action="store_true", help="count the pairs of each rule as well (not timed)")
    parser.add_argument("--pairs", help="where scored pairs go (not timed)")
    parser.add_argument("--clusters", help="where clusters go (not timed)")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    with open(arguments.spec, encoding="utf-8") as file:
        spec = json.load(file)
    connection = duckdb.connect()
    connection.execute(f"set threads = {arguments.threads}")
    connection.execute("set temp_directory = '" + arguments.spill.replace("'", "''") + "'")

    stages, peak, pairs, clusters = link(connection, arguments, spec)
    cpu_seconds, wall_seconds = stages.total()

    def write(select, path):
        connection.execute(f"copy ({select}) to '" + path.replace("'", "''") + "' (header)")

    if arguments.pairs:
        write(f"select unique_id_l, unique_id_r, match_weight from {pairs}", arguments.pairs)
    if arguments.clusters:
        write(f"select unique_id, cluster_id from {clusters}", arguments.clusters)
    answer = {
        "versions": f"Splink {splink.__version__}, DuckDB {duckdb.__version__}",
        "cost": {"cpu_seconds": cpu_seconds, "wall_seconds": wall_seconds, "peak_bytes": peak},
        "stages": stages.seconds,
        "blocks": count_pairs(connection, spec) if arguments.count else [],
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
