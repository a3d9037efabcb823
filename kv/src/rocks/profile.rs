//! Column families and options of `RocksDB`, each with its reason.

use super::{RocksOptions, Tail};
use rocksdb::{
    BlockBasedOptions, BlockBasedTablePinningTier, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode,
    DataBlockIndexType, Options, WriteOptions,
};

/// Rows: key to value.
pub(super) const ROWS: &str = "rows";
/// Versions of partitions: partition to number.
pub(super) const VERSIONS: &str = "versions";
/// The change log: position to entries.
pub(super) const LOG: &str = "log";
/// What became of batch ids.
pub(super) const BATCHES: &str = "batches";
/// Format of the store, and the last position: one row each.
pub(super) const META: &str = "default";

/// The number of [`META`] in log records.
pub(super) const META_NUMBER: u32 = 0;
/// The number of [`BATCHES`] in log records: its place in [`families`].
pub(super) const BATCHES_NUMBER: u32 = 4;

/// Bytes of one memtable. Rows of some seconds at full rate; a larger one makes recovery longer.
const MEMTABLE_BYTES: usize = 64 << 20;
/// Bytes of a memtable of the small families.
const SMALL_MEMTABLE_BYTES: usize = 16 << 20;
/// Share of a memtable that is added for its filter: ten bits per row of some 100 bytes, as the files have it.
const MEMTABLE_FILTER_SHARE: f64 = 0.02;
/// Bytes of write-ahead log that may have to be replayed at a start: about five seconds of reading.
const REPLAY_BYTES_MAX: u64 = 512 << 20;
/// Background threads: one flushes while one compacts; more would take the cores of the callers.
const BACKGROUND_JOBS: i32 = 2;
/// Open files. Without a limit of its own the engine would run into that of the system.
const FILES_MAX: i32 = 4_096;
/// Files of the engine's own log that are kept.
const LOG_FILES: usize = 8;

/// Options of the whole database.
pub(super) fn database(options: &RocksOptions) -> Options {
    let mut db = Options::default();
    db.create_if_missing(true);
    db.create_missing_column_families(true);
    // Every checksum that can be checked is checked, and what does not fit stops the engine.
    db.set_paranoid_checks(true);
    // A log file that the manifest knows and the folder lacks is an error, not a shorter history.
    db.set_track_and_verify_wals_in_manifest(true);
    db.set_wal_recovery_mode(match options.tail {
        // The last record of a crash may be torn: it was never acknowledged. Anything else that does not fit lies
        // before acknowledged batches, so the store refuses to open. The library's own default would stop replaying
        // at the first bad record and open without the batches after it.
        Tail::Whole => DBRecoveryMode::TolerateCorruptedTailRecords,
        Tail::Cut => DBRecoveryMode::PointInTime,
    });
    // A recycled log file holds old records behind the new ones, and a torn tail could not be told from them.
    db.set_recycle_log_file_num(0);
    db.set_max_total_wal_size(REPLAY_BYTES_MAX);
    if options.log_kept_bytes > 0 {
        // Log files that were flushed stay for the archive until they are too many.
        db.set_wal_size_limit_mb(options.log_kept_bytes.div_ceil(1 << 20));
    }
    db.set_max_background_jobs(BACKGROUND_JOBS);
    db.set_max_open_files(FILES_MAX);
    db.set_keep_log_file_num(LOG_FILES);
    // Flushes write in steps instead of one burst that would hold up the next sync.
    db.set_bytes_per_sync(1 << 20);
    db
}

/// How groups are written.
pub(super) fn writing(options: &RocksOptions) -> WriteOptions {
    let mut write = WriteOptions::default();
    write.set_sync(options.is_synced);
    write
}

/// The column families, in the order in which they are made: archives of log records know them by this order.
pub(super) fn families(options: &RocksOptions) -> Vec<ColumnFamilyDescriptor> {
    // Finding a block takes no lock: each core reads beside the others.
    let cache = Cache::new_hyper_clock_cache(options.cache_bytes, 0);
    let family = |name, profile| ColumnFamilyDescriptor::new(name, profile);
    vec![
        family(META, Options::default()),
        family(ROWS, rows(&cache)),
        family(VERSIONS, versions(&cache)),
        family(LOG, log(&cache)),
        family(BATCHES, batches(&cache)),
    ]
}

fn table(cache: &Cache, block_bytes: usize) -> BlockBasedOptions {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_block_size(block_bytes);
    // Indexes and filters count towards the memory that was given, instead of growing beside it.
    table.set_cache_index_and_filter_blocks(true);
    // They are part of every read: a few hundredths of the data that stay, instead of being looked for each time.
    table.set_unpartitioned_pinning_tier(BlockBasedTablePinningTier::All);
    table
}

/// Lets point reads find their place in a block, or see that a memtable has no such key, by a hash.
fn hash_keys(table: &mut BlockBasedOptions, family: &mut Options) {
    table.set_bloom_filter(10.0, false);
    table.set_data_block_index_type(DataBlockIndexType::BinaryAndHash);
    table.set_data_block_hash_ratio(0.75);
    family.set_memtable_whole_key_filtering(true);
    family.set_memtable_prefix_bloom_ratio(MEMTABLE_FILTER_SHARE);
}

/// Point reads and short scans of one prefix. Values arrive sealed and do not compress.
fn rows(cache: &Cache) -> Options {
    let mut table = table(cache, 8 << 10);
    let mut rows = Options::default();
    hash_keys(&mut table, &mut rows);
    rows.set_block_based_table_factory(&table);
    rows.set_compression_type(DBCompressionType::None);
    rows.set_write_buffer_size(MEMTABLE_BYTES);
    rows
}

/// Point reads only, most of them of partitions that are not there: the filter answers those. Small numbers compress.
fn versions(cache: &Cache) -> Options {
    let mut table = table(cache, 4 << 10);
    let mut versions = Options::default();
    hash_keys(&mut table, &mut versions);
    versions.set_block_based_table_factory(&table);
    versions.set_compression_type(DBCompressionType::Lz4);
    versions.set_write_buffer_size(SMALL_MEMTABLE_BYTES);
    versions
}

/// Written at the end, read in order: large blocks, no filter.
fn log(cache: &Cache) -> Options {
    let mut log = Options::default();
    log.set_block_based_table_factory(&table(cache, 32 << 10));
    log.set_compression_type(DBCompressionType::None);
    log.set_write_buffer_size(SMALL_MEMTABLE_BYTES);
    log
}

/// Looked up once per commit, and nearly always absent: the filter is what it is made of.
fn batches(cache: &Cache) -> Options {
    let mut table = table(cache, 4 << 10);
    let mut batches = Options::default();
    hash_keys(&mut table, &mut batches);
    batches.set_block_based_table_factory(&table);
    batches.set_compression_type(DBCompressionType::None);
    batches.set_write_buffer_size(SMALL_MEMTABLE_BYTES);
    batches
}
