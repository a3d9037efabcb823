//! Example pairs as waterfalls: prior, one weight per comparison, total.

use super::draw::{Scale, escape, label, plain_weight, weight};
use super::{DecisionModel, ReportModel, WaterfallBar, WaterfallModel};

/// All example pairs; empty without any.
pub(super) fn draw(report: &ReportModel) -> String {
    report.waterfalls.iter().map(|pair| draw_pair(pair, report)).collect()
}

fn draw_pair(pair: &WaterfallModel, report: &ReportModel) -> String {
    let scale = scale(pair, report);
    let limits = [report.lower, report.upper].map(|limit| scale.at(limit));
    let step = |from: f64, to: f64, is_first: bool, is_last: bool| {
        let bar = Step { from: scale.at(from), to: scale.at(to), is_for: from <= to, is_first, is_last };
        drawing(scale.at(0.0), limits, &bar)
    };
    let mut rows = format!(
        "<tr class=\"zero\"><td>{}</td><td></td><td></td><td class=\"draw\">{}</td><td class=\"number\">{}</td></tr>",
        label("prior", "事前の重み"),
        step(0.0, pair.prior, true, false),
        weight(pair.prior)
    );
    let mut sum = pair.prior;
    for bar in &pair.bars {
        let (left, right) = values(bar);
        rows.push_str(&format!(
            "<tr{}><td>{}<span class=\"level\">{}</span></td><td>{left}</td><td>{right}</td><td class=\"draw\">{}</td>\
             <td class=\"number\">{}</td></tr>",
            if bar.weight == 0.0 { " class=\"zero\"" } else { "" },
            escape(&bar.comparison),
            escape(&bar.level),
            step(sum, sum + bar.weight, false, false),
            weight(bar.weight)
        ));
        sum += bar.weight;
    }
    rows.push_str(&format!(
        "<tr class=\"sum\"><td>{}</td><td></td><td></td><td class=\"draw\">{}</td><td class=\"number\">{}</td></tr>",
        label("total", "合計"),
        step(0.0, pair.total, false, true),
        weight(pair.total)
    ));
    format!("<div class=\"pair\">{}{}{rows}</table></div></div>", head(pair), columns(pair, report))
}

/// The start of the table, up to its heading.
fn columns(pair: &WaterfallModel, report: &ReportModel) -> String {
    let (lower, upper) = (plain_weight(report.lower), plain_weight(report.upper));
    format!(
        "<div class=\"wide\"><table class=\"waterfall\"><colgroup><col style=\"width:20%\"><col style=\"width:17%\">\
         <col style=\"width:17%\"><col style=\"width:38%\"><col style=\"width:8%\"></colgroup>\
         <tr><th>{}</th><th><code>{}</code></th><th><code>{}</code></th><th class=\"number\"><i class=\"dash\"></i>{}</th>\
         <th class=\"number\">{}</th></tr>",
        label("Comparison", "比較項目"),
        escape(&pair.left_id),
        escape(&pair.right_id),
        label(&format!("thresholds {lower} and {upper}"), &format!("しきい値 {lower}・{upper}")),
        label("bits", "ビット")
    )
}

fn head(pair: &WaterfallModel) -> String {
    let (class, decision) = match pair.decision {
        DecisionModel::Match => ("match", label("match", "一致")),
        DecisionModel::PossibleMatch => ("possible", label("possible match", "要確認")),
        DecisionModel::NonMatch => ("none", label("non-match", "不一致")),
    };
    let japanese = if pair.title_ja.is_empty() { &pair.title } else { &pair.title_ja };
    let guard = pair.guard.as_ref().map_or_else(String::new, |guard| {
        let guard = escape(guard);
        format!(
            "<span class=\"chip\">{}</span>",
            label(&format!("capped by guard <b>{guard}</b>"), &format!("ガード <b>{guard}</b> により制限"))
        )
    });
    format!(
        "<div class=\"pair-head\"><h3>{}</h3>{guard}<span class=\"badge {class}\">{decision}</span></div>",
        label(&escape(&pair.title), &escape(japanese))
    )
}

/// From the lowest to the highest point of the waterfall, zero and both thresholds included.
fn scale(pair: &WaterfallModel, report: &ReportModel) -> Scale {
    let mut sum = pair.prior;
    let mut points = vec![0.0, report.lower, report.upper, pair.prior, pair.total];
    points.extend(pair.bars.iter().map(|bar| {
        sum += bar.weight;
        sum
    }));
    let least = points.iter().copied().fold(f64::INFINITY, f64::min);
    let most = points.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Scale::new((least, most), (1.5, 98.5))
}

/// One bar, in positions of the drawing.
struct Step {
    from: f64,
    to: f64,
    is_for: bool,
    /// Nothing comes in from the row above.
    is_first: bool,
    /// Nothing goes out to the row below: the bar of the total, which starts at zero and ends where the sum was.
    is_last: bool,
}

/// One step; the lines for zero and the thresholds run on from row to row, and thin lines join the bars.
fn drawing(zero: f64, limits: [f64; 2], step: &Step) -> String {
    let class = if step.is_for { "for" } else { "against" };
    let line = |class: &str, at: f64, rows: &str| {
        format!("<path class=\"{class}\" vector-effect=\"non-scaling-stroke\" d=\"M{at:.2} {rows}\"/>")
    };
    let [lower, upper] = limits;
    let incoming = match (step.is_first, step.is_last) {
        (true, _) => String::new(),
        (_, true) => line("join", step.to, "0V11"),
        _ => line("join", step.from, "0V11"),
    };
    let outgoing = if step.is_last { String::new() } else { line("join", step.to, "27V38") };
    format!(
        "<svg viewBox=\"0 0 100 38\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{}{}{}{incoming}{outgoing}\
         <rect class=\"{class}\" x=\"{:.2}\" y=\"11\" width=\"{:.2}\" height=\"16\"/></svg>",
        line("axis", zero, "0V38"),
        line("limit", lower, "0V38"),
        line("limit", upper, "0V38"),
        step.from.min(step.to),
        (step.from - step.to).abs().max(0.25)
    )
}

/// The two values, with what differs between their common start and end marked.
fn values(bar: &WaterfallBar) -> (String, String) {
    let (left, right) = (&bar.left_value, &bar.right_value);
    if left == right || left.is_empty() || right.is_empty() {
        return (escape(left), escape(right));
    }
    let start: usize = left.chars().zip(right.chars()).take_while(|(a, b)| a == b).count();
    let rest = left.chars().count().min(right.chars().count()) - start;
    let end = left.chars().rev().zip(right.chars().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let marked = |value: &str| {
        let count = value.chars().count();
        let part = |skip: usize, take: usize| escape(&value.chars().skip(skip).take(take).collect::<String>());
        let middle = count - start - end;
        if middle == 0 {
            return part(0, count);
        }
        format!("{}<mark>{}</mark>{}", part(0, start), part(start, middle), part(count - end, end))
    };
    (marked(left), marked(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_marked() {
        let check = |left: &str, right: &str, expected: (&str, &str)| {
            let bar = WaterfallBar { left_value: left.into(), right_value: right.into(), ..WaterfallBar::default() };
            assert_eq!(values(&bar), (expected.0.to_owned(), expected.1.to_owned()), "{left} {right}");
        };
        check("髙橋 花子", "高橋 花子", ("<mark>髙</mark>橋 花子", "<mark>高</mark>橋 花子"));
        check("1950-01-02", "1950-01-20", ("1950-01-<mark>02</mark>", "1950-01-<mark>20</mark>"));
        check("abab", "ab", ("ab<mark>ab</mark>", "ab"));
        check("same", "same", ("same", "same"));
        check("", "x", ("", "x"));
        check("<a>", "<b>", ("&lt;<mark>a</mark>&gt;", "&lt;<mark>b</mark>&gt;"));
    }
}
