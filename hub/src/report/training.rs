//! How training went: the changes of each stage, and what it saw.

use super::draw::{Scale, compact, escape, float, label, svg_label};
use super::{ReportModel, TrainingStageModel};
use crate::text::thousands;

const WIDTH: f64 = 1110.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 192.0;

/// Lines that are drawn with their number; more stages are in the table only.
const LINES_MAX: usize = 12;

/// The drawing and the table; empty without stages.
pub(super) fn draw(report: &ReportModel) -> String {
    if report.training.is_empty() {
        return String::new();
    }
    format!("{}{}", chart(&report.training), table(&report.training))
}

fn chart(stages: &[TrainingStageModel]) -> String {
    let changes = stages.iter().flat_map(|stage| &stage.changes).copied().filter(|change| *change > 0.0);
    let (least, most) =
        changes.fold((f64::INFINITY, 0.0), |(least, most), change: f64| (change.min(least), change.max(most)));
    let longest = stages.iter().map(|stage| stage.changes.len()).max().unwrap_or(0);
    if longest < 2 || most <= 0.0 {
        return String::new();
    }
    let x = Scale::new((1.0, float(longest as u64)), (LEFT, WIDTH - 40.0));
    let y = Scale::new((least.log10().floor(), most.log10().ceil().max(least.log10().floor() + 1.0)), (BOTTOM, TOP));
    let mut svg = format!(
        "<div class=\"wide\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Convergence of training\">"
    );
    for decade in y.ticks(5) {
        svg.push_str(&format!(
            "<path class=\"grid\" d=\"M{LEFT} {0:.1}H{1:.1}\"/><text x=\"{2:.1}\" y=\"{3:.1}\" text-anchor=\"end\">10<tspan dy=\"-4\" font-size=\"9\">{4}</tspan></text>",
            y.at(decade),
            WIDTH - 40.0,
            LEFT - 8.0,
            y.at(decade) + 4.0,
            format!("{decade:.0}").replace('-', "−")
        ));
    }
    for tick in x.ticks(12) {
        svg.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tick:.0}</text>",
            x.at(tick),
            BOTTOM + 17.0
        ));
    }
    for (number, stage) in stages.iter().enumerate().take(LINES_MAX) {
        svg.push_str(&line(number, stage, (&x, &y)));
    }
    svg.push_str(&format!(
        "<path class=\"axis\" d=\"M{LEFT} {BOTTOM}H{:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text></svg></div>",
        WIDTH - 40.0,
        f64::midpoint(LEFT, WIDTH),
        HEIGHT - 4.0,
        svg_label("iteration", "反復")
    ));
    svg
}

fn line(number: usize, stage: &TrainingStageModel, (x, y): (&Scale, &Scale)) -> String {
    let points = stage.changes.iter().enumerate().filter(|(_, change)| **change > 0.0);
    let points: Vec<(f64, f64)> =
        points.map(|(at, change)| (x.at(float(at as u64 + 1)), y.at(change.log10()))).collect();
    let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let Some((end_x, end_y)) = points.last() else { return String::new() };
    let class = if stage.is_converged { "f1" } else { "recall" };
    format!(
        "<path class=\"line {class}\" style=\"stroke-width:1.6\" d=\"M{}\"/><text class=\"strong\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        path.join("L"),
        end_x + 5.0,
        end_y + 4.0,
        number + 1
    )
}

fn table(stages: &[TrainingStageModel]) -> String {
    let rows: String = stages
        .iter()
        .enumerate()
        .map(|(number, stage)| {
            format!(
                "<tr><td class=\"number\" style=\"width:2em\">{}</td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
                 <td class=\"number\">{}</td><td>{}</td></tr>",
                number + 1,
                escape(&stage.name),
                thousands(stage.pairs),
                compact(stage.matches),
                stage.changes.len(),
                if stage.is_converged { label("converged", "収束") } else { label("stopped at the limit", "上限で停止") }
            )
        })
        .collect();
    format!(
        "<div class=\"wide\"><table><tr><th></th><th>{}</th><th class=\"number\">{}</th><th class=\"number\">{}</th><th class=\"number\">{}</th><th></th></tr>{rows}</table></div>",
        label("Stage", "段階"),
        label("Pairs", "ペア"),
        label("Expected matches", "一致の期待数"),
        label("Iterations", "反復")
    )
}
