//! How many pairs have which match weight, on a logarithmic scale.

use super::draw::{Scale, compact, float, label, plain_weight, svg_label};
use super::{Bin, ReportModel};
use crate::text::thousands;

const WIDTH: f64 = 1110.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 258.0;

/// The drawing; empty without bins.
pub(super) fn draw(report: &ReportModel) -> String {
    let (Some(first), Some(last)) = (report.histogram.first(), report.histogram.last()) else { return String::new() };
    let x = Scale::new((first.lo, last.hi), (LEFT, WIDTH - 12.0));
    let most = report.histogram.iter().map(|bin| bin.count).max().unwrap_or(0);
    // One decade more than needed, so that a single pair is a bar and not a line on the axis.
    let decades = float(most.max(1)).log10().ceil().max(1.0);
    let y = Scale::new((-0.35, decades), (BOTTOM, TOP));
    let mut svg = format!(
        "<div class=\"wide\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Histogram of match weights\">"
    );
    zones(&mut svg, report, &x);
    let mut decade = 0.0;
    while decade <= decades {
        let at = y.at(decade);
        svg.push_str(&format!(
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - 12.0,
            LEFT - 8.0,
            at + 4.0,
            compact(10_f64.powf(decade))
        ));
        decade += 1.0;
    }
    for bin in report.histogram.iter().filter(|bin| bin.count > 0) {
        svg.push_str(&bar(bin, report, (&x, &y)));
    }
    for tick in x.ticks(14) {
        svg.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x.at(tick),
            BOTTOM + 18.0,
            plain_weight(tick)
        ));
    }
    svg.push_str(&format!("<path class=\"axis\" d=\"M{LEFT} {BOTTOM}H{:.1}\"/>", WIDTH - 12.0));
    svg.push_str(&format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text></svg></div>",
        f64::midpoint(LEFT, WIDTH),
        HEIGHT - 6.0,
        svg_label("match weight (bits)", "一致の重み（ビット）")
    ));
    lighter(&mut svg, report);
    svg
}

/// What the drawing leaves out.
fn lighter(out: &mut String, report: &ReportModel) {
    if report.lighter > 0 {
        let count = thousands(report.lighter);
        let note = label(
            &format!("{count} lighter pairs are not drawn: they were given up before their weight was known."),
            &format!("これより軽い {count} ペアは重みの確定前に打ち切られたため、図に含まれません。"),
        );
        out.push_str(&format!("<p class=\"muted\">{note}</p>"));
    }
}

/// Tinted grounds for possible matches and matches, with the thresholds between them.
fn zones(svg: &mut String, report: &ReportModel, x: &Scale) {
    let (lower, upper, end) = (x.at(report.lower), x.at(report.upper), WIDTH - 12.0);
    svg.push_str(&format!(
        "<rect class=\"zone-maybe\" x=\"{lower:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>\
         <rect class=\"zone-for\" x=\"{upper:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        (upper - lower).max(0.0),
        BOTTOM - TOP,
        (end - upper).max(0.0),
        BOTTOM - TOP
    ));
    for (at, class) in [(lower, "limit"), (upper, "limit")] {
        svg.push_str(&format!("<path class=\"{class}\" d=\"M{at:.1} {:.1}V{BOTTOM}\"/>", TOP - 6.0));
    }
    // A name that does not fit beside its neighbour is left out; the tiles at the top say the same.
    if upper - lower > 90.0 {
        svg.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(lower, upper),
            TOP - 10.0,
            svg_label("possible match", "要確認")
        ));
    }
    if end - upper > 60.0 {
        svg.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            upper + 8.0,
            TOP - 10.0,
            svg_label("match", "一致")
        ));
    }
    if lower - LEFT > 80.0 {
        svg.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            lower - 8.0,
            TOP - 10.0,
            svg_label("non-match", "不一致")
        ));
    }
}

fn bar(bin: &Bin, report: &ReportModel, (x, y): (&Scale, &Scale)) -> String {
    let middle = f64::midpoint(bin.lo, bin.hi);
    let class = if middle >= report.upper {
        "for"
    } else if middle >= report.lower {
        "maybe"
    } else {
        "none"
    };
    let (left, right, top) = (x.at(bin.lo), x.at(bin.hi), y.at(float(bin.count).log10()));
    format!(
        "<rect class=\"{class}\" x=\"{:.2}\" y=\"{top:.1}\" width=\"{:.2}\" height=\"{:.1}\"><title>{} – {}: {}</title></rect>",
        left + 0.4,
        (right - left - 0.8).max(0.6),
        BOTTOM - top,
        plain_weight(bin.lo),
        plain_weight(bin.hi),
        thousands(bin.count)
    )
}
