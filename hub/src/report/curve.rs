//! Precision, recall and F1 over the threshold.

use super::draw::{Scale, plain_weight, svg_label};
use super::{CurvePointModel, ReportModel};
use crate::text::ratio;

const WIDTH: f64 = 1110.0;
const HEIGHT: f64 = 330.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 1020.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 288.0;

/// The drawing; empty without the truth.
pub(super) fn draw(report: &ReportModel) -> String {
    let mut points = report.curve.clone();
    points.sort_by(|left, right| left.threshold.total_cmp(&right.threshold));
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
    let x = Scale::new((first.threshold, last.threshold), (LEFT, RIGHT));
    let least = points.iter().map(|point| point.precision.min(point.recall).min(point.f1)).fold(1.0, f64::min);
    // The lower end is a round tenth below everything, so that small differences near 1 can be seen.
    let floor = ((least * 10.0).floor() / 10.0).clamp(0.0, 0.9);
    let y = Scale::new((floor, 1.0), (BOTTOM, TOP));
    let mut svg = format!(
        "<div class=\"wide\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Precision, recall and F1\">"
    );
    for tick in y.ticks(5) {
        svg.push_str(&format!(
            "<path class=\"grid\" d=\"M{LEFT} {0:.1}H{RIGHT}\"/><text x=\"{1:.1}\" y=\"{2:.1}\" text-anchor=\"end\">{3:.2}</text>",
            y.at(tick),
            LEFT - 8.0,
            y.at(tick) + 4.0,
            tick
        ));
    }
    for tick in x.ticks(14) {
        svg.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x.at(tick),
            BOTTOM + 18.0,
            plain_weight(tick)
        ));
    }
    for (threshold, english, japanese) in [(report.lower, "lower", "下限"), (report.upper, "upper", "上限")] {
        if (first.threshold..=last.threshold).contains(&threshold) {
            svg.push_str(&format!(
                "<path class=\"limit\" d=\"M{0:.1} {1:.1}V{BOTTOM}\"/><text x=\"{0:.1}\" y=\"{2:.1}\" text-anchor=\"middle\">{3}</text>",
                x.at(threshold),
                TOP - 4.0,
                TOP - 10.0,
                svg_label(english, japanese)
            ));
        }
    }
    lines(&mut svg, &points, (&x, &y));
    best(&mut svg, &points, (&x, &y));
    svg.push_str(&format!(
        "<path class=\"axis\" d=\"M{LEFT} {BOTTOM}H{RIGHT}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text></svg></div>",
        f64::midpoint(LEFT, RIGHT),
        HEIGHT - 6.0,
        svg_label("threshold: match weight (bits)", "しきい値：一致の重み（ビット）")
    ));
    svg
}

/// The three lines, and their names at the right end, pushed apart where they meet.
fn lines(svg: &mut String, points: &[CurvePointModel], (x, y): (&Scale, &Scale)) {
    type Line = (&'static str, &'static str, &'static str, fn(&CurvePointModel) -> f64);
    let all: [Line; 3] = [
        ("precision", "precision", "適合率", |point| point.precision),
        ("recall", "recall", "再現率", |point| point.recall),
        ("f1", "F1", "F1", |point| point.f1),
    ];
    let mut names: Vec<(f64, &str, String)> = Vec::new();
    for (class, english, japanese, value) in all {
        let path: Vec<String> =
            points.iter().map(|point| format!("{:.1} {:.1}", x.at(point.threshold), y.at(value(point)))).collect();
        svg.push_str(&format!("<path class=\"line {class}\" d=\"M{}\"/>", path.join("L")));
        let end = points.last().map_or(BOTTOM, |point| y.at(value(point)));
        names.push((end, class, svg_label(english, japanese)));
    }
    names.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut free = TOP - 20.0;
    for (end, class, name) in names {
        let at = (end + 4.0).max(free + 16.0);
        free = at;
        svg.push_str(&format!(
            "<text class=\"{class}\" x=\"{:.1}\" y=\"{at:.1}\" font-weight=\"600\">{name}</text>",
            RIGHT + 10.0
        ));
    }
}

fn best(svg: &mut String, points: &[CurvePointModel], (x, y): (&Scale, &Scale)) {
    let best = points.iter().max_by(|left, right| left.f1.total_cmp(&right.f1));
    let Some(best) = best else { return };
    let (at_x, at_y) = (x.at(best.threshold), y.at(best.f1));
    let anchor = if at_x > f64::midpoint(LEFT, RIGHT) { "end" } else { "start" };
    let aside = if anchor == "end" { -10.0 } else { 10.0 };
    svg.push_str(&format!(
        "<circle class=\"dot\" cx=\"{at_x:.1}\" cy=\"{at_y:.1}\" r=\"5\"/>\
         <text class=\"strong\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
        at_x + aside,
        at_y + 24.0,
        svg_label(
            &format!("best F1 {} at {}", ratio(best.f1), plain_weight(best.threshold)),
            &format!("最良 F1 {}（{}）", ratio(best.f1), plain_weight(best.threshold))
        )
    ));
}
