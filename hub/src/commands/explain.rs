//! `nayose explain`: why two records are linked, or why not.

use std::path::PathBuf;

use clap::Args;
use linkage::block::BlockIndex;
use linkage::explain::Explainer;
use linkage::model::Weights;

use crate::cli::print_result;
use crate::explanation::{Document, text};
use crate::failure::{Exit, Failure};
use crate::linking::{self, Loaded, Pool, Source, Weighing};

/// Show why two records are linked, or why not: the waterfall of one pair.
#[derive(Debug, Args)]
#[command(after_help = "\
The bars are bits: prior and bars add up to the match weight. Value frequencies are those of the records given, so
explain with the same file that was linked. Where links are made across sources only, name the column with --source.

Example:
  nayose explain --rules matching-rules/person.toml records.csv r0001 r0002")]
pub(crate) struct Arguments {
    /// The rule set (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: PathBuf,
    /// The records (CSV or Parquet).
    #[arg(value_name = "DATA")]
    pub(crate) data: PathBuf,
    /// Id of the one record.
    #[arg(value_name = "ID1")]
    pub(crate) left: String,
    /// Id of the other record.
    #[arg(value_name = "ID2")]
    pub(crate) right: String,
    /// The column that holds the record id.
    #[arg(long, value_name = "COLUMN", default_value = "record_id")]
    pub(crate) id: String,
    /// The column that names the source of a record.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) source: Option<String>,
    /// Learn the weights from these records first.
    #[arg(long)]
    pub(crate) train: bool,
    /// Start of every random choice.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print the explanation as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let rules = linking::read_rules(&arguments.rules)?;
    let source = Source {
        data: std::slice::from_ref(&arguments.data),
        id: &arguments.id,
        source: arguments.source.as_deref(),
        rejects: None,
        keep_raw: true,
    };
    let loaded = linking::load(&rules, &source, Pool::new(None))?;
    // Unknown ids are told before minutes of training.
    let (left, right) = (find(arguments, &loaded, &arguments.left)?, find(arguments, &loaded, &arguments.right)?);
    if left == right {
        return Err(Failure::usage(format!("`{}` is one record; name two", arguments.left)));
    }
    let weighing = Weighing { train: arguments.train, seed: arguments.seed };
    linking::with_scorer(&rules, &loaded, weighing, |ready| {
        let weights = Weights::of(ready.rules).map_err(Failure::internal)?;
        let blocks = BlockIndex::build(&rules.blocks, &loaded.table, loaded.across_sources, &loaded.pool);
        let explainer = Explainer {
            comparer: ready.scorer.comparer,
            weights: &weights,
            frequencies: ready.frequencies,
            blocks: &blocks,
            upper: rules.upper,
            lower: rules.lower,
        };
        let document = Document::of(&explainer, &explainer.explain(left, right), ready.rules);
        let text = if arguments.json {
            serde_json::to_string_pretty(&document).map_err(Failure::internal)? + "\n"
        } else {
            text(&document)
        };
        print_result(&text)?;
        Ok(Exit::Ok)
    })
}

fn find(arguments: &Arguments, loaded: &Loaded, id: &str) -> Result<u32, Failure> {
    loaded.table.find(id).ok_or_else(|| {
        let (data, column) = (arguments.data.display(), &arguments.id);
        let refused = match loaded.rejected {
            0 => String::new(),
            rejected => format!(" ({rejected} rows of the file were refused)"),
        };
        Failure::bad_input(anyhow::anyhow!("no record of `{data}` has `{column}` `{id}`{refused}"))
    })
}
