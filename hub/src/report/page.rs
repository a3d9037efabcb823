//! The page around the drawings: head, style, heading, figures.

use super::ReportModel;
use super::draw::{escape, float, label, plain_weight, probability};
use crate::text::thousands;

/// Letters of the rule version that are shown; the full digest is in the tooltip.
const VERSION_SHOWN: usize = 12;

/// The complete page.
pub(super) fn wrap(report: &ReportModel, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Nayose · {}</title>\n<style>\n{}</style>\n</head>\n<body>\n\
         <input type=\"radio\" name=\"language\" id=\"show-en\" checked>\
         <input type=\"radio\" name=\"language\" id=\"show-ja\">\n\
         <nav><span class=\"brand\">名寄せ <b>Nayose</b></span>{}\
         <span class=\"switch\"><label for=\"show-en\">English</label><label for=\"show-ja\">日本語</label></span></nav>\n\
         <main>\n{body}</main>\n<footer>{}</footer>\n</body>\n</html>\n",
        escape(&report.dataset),
        include_str!("style.css"),
        links(report),
        label(
            "This file shows values of records. Handle it like the data itself.",
            "このファイルには記録の値が含まれます。元のデータと同じ扱いをしてください。"
        ),
    )
}

fn links(report: &ReportModel) -> String {
    let all = [
        ("distribution", !report.histogram.is_empty(), label("Weights", "重み")),
        ("curve", !report.curve.is_empty(), label("Thresholds", "しきい値")),
        ("pairs", !report.waterfalls.is_empty(), label("Pairs", "ペア")),
        ("weights", !report.comparisons.is_empty(), label("Comparisons", "比較項目")),
        ("blocks", !report.blocks.is_empty(), label("Blocking", "ブロッキング")),
        ("training", !report.training.is_empty(), label("Training", "学習")),
    ];
    let shown = all.iter().filter(|(_, is_shown, _)| *is_shown);
    let links: String = shown.map(|(id, _, title)| format!("<a href=\"#{id}\">{title}</a>")).collect();
    format!("<span class=\"links\">{links}</span>")
}

/// Title, rule set, and the figures.
pub(super) fn heading(report: &ReportModel) -> String {
    let rules = &report.rules;
    let version: String = rules.version.chars().take(VERSION_SHOWN).collect();
    let version = if version.is_empty() {
        String::new()
    } else {
        format!(" <code title=\"{}\">{}</code>", escape(&rules.version), escape(&version))
    };
    let trained = if rules.is_trained_here {
        label("weights learned from these records, without labels", "重みはこのデータから正解なしで学習")
    } else {
        label("weights as given by the rule set", "重みは規則に記載の値")
    };
    let title = if rules.title.is_empty() { String::new() } else { format!(" — {}", escape(&rules.title)) };
    format!(
        "<header><h1>{}</h1><p class=\"lead\">{} <b>{}</b>{title}{version} · {trained}</p>{}</header>\n",
        escape(&report.dataset),
        label("Rule set", "規則"),
        escape(&rules.name),
        figures(report)
    )
}

fn figures(report: &ReportModel) -> String {
    let figures = &report.figures;
    let (lower, upper) = (plain_weight(report.lower), plain_weight(report.upper));
    let share = float(figures.pairs_compared) / float(figures.pairs_possible.max(1));
    let rejected = if figures.rejected == 0 {
        label("no row refused", "不受理なし")
    } else {
        let count = thousands(figures.rejected);
        label(&format!("{count} rows refused"), &format!("不受理 {count} 行"))
    };
    let prior = report.prior.map_or_else(String::new, |prior| {
        let share = probability(prior);
        label(&format!("prior {share}"), &format!("事前確率 {share}"))
    });
    let (largest, linked) = (thousands(figures.largest_cluster), thousands(figures.clusters_linked));
    let tiles = [
        ("", label("Records", "レコード"), figures.records, rejected),
        (
            "",
            label("Pairs compared", "比較したペア"),
            figures.pairs_compared,
            label(&format!("{} of all", probability(share)), &format!("全ペアの {}", probability(share)))
                + "<br>"
                + &prior,
        ),
        (
            "match",
            label("Matches", "一致"),
            figures.matches,
            label(&format!("weight {upper} or more"), &format!("重み {upper} 以上")),
        ),
        (
            "possible",
            label("Possible matches", "要確認"),
            figures.possible_matches,
            label(&format!("weight {lower} to {upper}"), &format!("重み {lower} ～ {upper}")),
        ),
        (
            "",
            label("Clusters", "クラスタ"),
            figures.clusters,
            label(
                &format!("{linked} of two or more, largest {largest}"),
                &format!("2件以上 {linked}、最大 {largest} 件"),
            ),
        ),
    ];
    let tiles: String = tiles
        .iter()
        .map(|(class, title, count, note)| {
            format!(
                "<div class=\"tile {class}\"><h3>{title}</h3><b>{}</b><small>{note}</small></div>",
                thousands(*count)
            )
        })
        .collect();
    format!("<div class=\"tiles\">{tiles}</div>")
}
