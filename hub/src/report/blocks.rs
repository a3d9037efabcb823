//! The blocking rules: pairs, new pairs, largest blocks.

use super::draw::{escape, float, label};
use super::{BlockModel, ReportModel};
use crate::text::thousands;

/// The table; empty without rules.
pub(super) fn draw(report: &ReportModel) -> String {
    if report.blocks.is_empty() {
        return String::new();
    }
    let most = report.blocks.iter().map(|block| block.pairs).max().unwrap_or(0).max(1);
    let rows: String = report.blocks.iter().map(|block| row(block, most)).collect();
    format!(
        "<div class=\"wide\"><table><tr><th>{}</th><th style=\"width:26%\"></th><th class=\"number\">{}</th>\
         <th class=\"number\">{}</th><th>{}</th></tr>{rows}</table></div>",
        label("Rule", "規則"),
        label("Pairs", "ペア"),
        label("New", "新規"),
        label("Largest blocks (records)", "大きなブロック（件数）")
    )
}

fn row(block: &BlockModel, most: u64) -> String {
    let share = |part: u64, whole: u64| float(part) / float(whole.max(1)) * 100.0;
    let mut chips: String = block
        .largest
        .iter()
        .map(|largest| {
            format!("<span class=\"chip\">{} <b>{}</b></span>", escape(&largest.key), thousands(largest.size))
        })
        .collect();
    if block.skipped > 0 {
        let count = thousands(block.skipped);
        chips.push_str(&format!(
            "<span class=\"chip\">{}</span>",
            label(&format!("{count} skipped: too large"), &format!("大きすぎて省略 {count}"))
        ));
    }
    format!(
        "<tr><td>{}</td><td><div class=\"bar\" style=\"width:{:.2}%\"><i style=\"width:{:.2}%\"></i></div></td>\
         <td class=\"number\">{}</td><td class=\"number\">{}</td><td>{chips}</td></tr>",
        escape(&block.rule),
        share(block.pairs, most),
        share(block.new_pairs, block.pairs),
        thousands(block.pairs),
        thousands(block.new_pairs)
    )
}
