//! The report of a linkage run: one HTML file that needs nothing else.
//!
//! [`render`] is a pure function from a [`ReportModel`] to text. The page has no script and loads nothing: drawings
//! are inline SVG, the language switch is plain CSS, and a strict content policy in the page says so to the browser.
//! Everything that comes from rules or records is escaped. Example pairs show values of records, so the page carries
//! a note to be handled like the data.

mod blocks;
mod curve;
mod draw;
mod histogram;
mod model;
mod page;
#[cfg(test)]
mod tests;
mod training;
mod waterfall;
mod weights;

pub use model::{
    Bin, BlockModel, ComparisonModel, CurvePointModel, DecisionModel, Figures, LargestBlock, LevelModel, ReportModel,
    RuleSetModel, TrainingStageModel, WaterfallBar, WaterfallModel,
};

use draw::label;

/// Draws the report.
#[must_use]
pub fn render(report: &ReportModel) -> String {
    let mut body = page::heading(report);
    section(
        &mut body,
        "distribution",
        &label("Match weights of the pairs", "ペアの一致の重み"),
        &label(
            "How many of the scored pairs have which match weight (bits). Counts are on a logarithmic scale.",
            "採点したペアの数を一致の重み（ビット）ごとに示します。縦軸は対数です。",
        ),
        &histogram::draw(report),
    );
    section(
        &mut body,
        "curve",
        &label("Quality at every threshold", "しきい値ごとの品質"),
        &label(
            "Precision, recall and F1 of the scored pairs against the known truth. Recall is over all true pairs, also \
             those that no blocking rule reached.",
            "既知の正解に対する適合率・再現率・F1。再現率は、ブロッキングで候補にならなかったペアも含めたすべての正解ペアに対する値です。",
        ),
        &curve::draw(report),
    );
    section(
        &mut body,
        "pairs",
        &label("Example pairs", "ペアの例"),
        &label(
            "Each waterfall starts at the prior, adds one weight per comparison and ends at the total. Green speaks for \
             one person, orange against.",
            "事前の重みから始まり、項目ごとの重みを足して合計に至ります。緑は同一人物を、橙は別人を示します。",
        ),
        &waterfall::draw(report),
    );
    section(
        &mut body,
        "weights",
        &label("What each comparison says", "比較項目の重み"),
        &label(
            "Per level: the match weight in bits, and how often the level is seen among records of one person (m) and \
             of different persons (u).",
            "水準ごとの一致の重み（ビット）と、同一人物の間（m）・別人の間（u）でその水準になる割合です。",
        ),
        &weights::draw(report),
    );
    section(
        &mut body,
        "blocks",
        &label("Blocking", "ブロッキング"),
        &label(
            "Which pairs were compared at all. In full colour: pairs that no earlier rule had found.",
            "どのペアを比較したか。鮮やかな部分は、それより前の規則では見つからなかったペアです。",
        ),
        &blocks::draw(report),
    );
    section(
        &mut body,
        "training",
        &label("Training", "学習"),
        &label(
            "Largest change of any probability in each iteration, on a logarithmic scale.",
            "反復ごとの確率の最大の変化（対数）です。",
        ),
        &training::draw(report),
    );
    page::wrap(report, &body)
}

/// Adds a section, unless there is nothing to show in it.
fn section(body: &mut String, id: &str, title: &str, explanation: &str, content: &str) {
    if !content.is_empty() {
        body.push_str(&format!(
            "<section id=\"{id}\"><h2>{title}</h2><p class=\"lead\">{explanation}</p>{content}</section>\n"
        ));
    }
}
