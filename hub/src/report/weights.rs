//! The m/u chart: one row per level, with its weight and its two probabilities.

use super::draw::{Scale, escape, label, probability, weight};
use super::{ComparisonModel, LevelModel, ReportModel};

/// The chart; empty without comparisons.
pub(super) fn draw(report: &ReportModel) -> String {
    if report.comparisons.is_empty() {
        return String::new();
    }
    let weights = report.comparisons.iter().flat_map(|comparison| &comparison.levels).map(|level| level.weight);
    let (least, most) =
        weights.fold((-1.0_f64, 1.0_f64), |(least, most), weight| (least.min(weight), most.max(weight)));
    let scale = Scale::new((least, most), (2.0, 98.0));
    let rows: String = report.comparisons.iter().map(|comparison| rows(comparison, &scale)).collect();
    format!(
        "<div class=\"wide\"><table class=\"weights\"><colgroup><col style=\"width:15%\"><col style=\"width:21%\">\
         <col style=\"width:34%\"><col style=\"width:7%\"><col style=\"width:23%\"></colgroup>\
         <tr><th>{}</th><th>{}</th><th>{}</th><th></th><th>m · u</th></tr>{rows}</table></div>",
        label("Comparison", "比較項目"),
        label("Level", "水準"),
        label("Match weight (bits)", "一致の重み（ビット）"),
    )
}

fn rows(comparison: &ComparisonModel, scale: &Scale) -> String {
    let count = comparison.levels.len();
    let mut rows = String::new();
    for (at, level) in comparison.levels.iter().enumerate() {
        let class = match (at == 0, at + 1 == count) {
            (true, true) => "first last",
            (true, false) => "first",
            (false, true) => "last",
            (false, false) => "",
        };
        let name = if at == 0 {
            format!("<td class=\"comparison\" rowspan=\"{count}\">{}</td>", escape(&comparison.name))
        } else {
            String::new()
        };
        rows.push_str(&format!("<tr class=\"{class}\">{name}{}</tr>", cells(level, scale)));
    }
    rows
}

fn cells(level: &LevelModel, scale: &Scale) -> String {
    if level.is_null {
        return format!(
            "<td class=\"muted\">{}</td><td>{}</td><td class=\"number muted\">0</td><td class=\"muted\">{}</td>",
            escape(&level.name),
            bar(0.0, scale),
            label("missing: says nothing", "欠損：判断に使わない")
        );
    }
    let share = |name: &str, class: &str, value: Option<f64>| {
        let value = value.unwrap_or(0.0);
        format!(
            "<span>{name}</span><div><i class=\"{class}\" style=\"width:{:.2}%\"></i></div><span>{}</span>",
            value.clamp(0.0, 1.0) * 100.0,
            probability(value)
        )
    };
    format!(
        "<td>{}</td><td>{}</td><td class=\"number\">{}</td><td><div class=\"mu\">{}{}</div></td>",
        escape(&level.name),
        bar(level.weight, scale),
        weight(level.weight),
        share("m", "m", level.m),
        share("u", "u", level.u)
    )
}

/// A bar from zero to the weight, in a drawing that stretches with the column.
fn bar(bits: f64, scale: &Scale) -> String {
    let (zero, end) = (scale.at(0.0), scale.at(bits));
    let class = if bits < 0.0 { "against" } else { "for" };
    format!(
        "<svg viewBox=\"0 0 100 18\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <path class=\"axis\" vector-effect=\"non-scaling-stroke\" d=\"M{zero:.2} 0V18\"/>\
         <rect class=\"{class}\" x=\"{:.2}\" y=\"3\" width=\"{:.2}\" height=\"12\"/></svg>",
        zero.min(end),
        (zero - end).abs()
    )
}
