//! A report with everything in it, and reports with nothing.

use super::*;

/// A made-up run, with every section and every kind of decision.
fn example() -> ReportModel {
    ReportModel {
        dataset: "records.csv".into(),
        rules: RuleSetModel {
            name: "person".into(),
            title: "Patients of a Japanese network".into(),
            version: "9f2c4e77ab12cd90e1f3".into(),
            is_trained_here: true,
        },
        figures: Figures {
            records: 214_551,
            rejected: 3,
            pairs_compared: 3_480_112,
            pairs_possible: 23_015_958_525,
            matches: 421_877,
            possible_matches: 1_930,
            clusters: 57_391,
            clusters_linked: 48_802,
            largest_cluster: 14,
        },
        lower: 2.0,
        upper: 9.0,
        prior: Some(1.9e-5),
        comparisons: comparisons(),
        histogram: (-40..60_i16).map(bin).collect(),
        lighter: 1_204_000,
        curve: (-20..40_i16).map(curve_point).collect(),
        blocks: blocks(),
        waterfalls: vec![name_change(), twins()],
        training: vec![
            stage("birth date + family kana", 1_830_221, (0.8, 14), true),
            stage("phone", 1_204_511, (0.35, 30), true),
            stage("insurance number", 990_400, (0.12, 25), false),
        ],
    }
}

fn comparisons() -> Vec<ComparisonModel> {
    let level = |name: &str, m: f64, u: f64| LevelModel {
        name: name.into(),
        m: Some(m),
        u: Some(u),
        weight: (m / u).log2(),
        is_null: false,
    };
    let null = LevelModel { name: "missing".into(), is_null: true, ..LevelModel::default() };
    vec![
        ComparisonModel {
            name: "name".into(),
            levels: vec![
                level("same kanji and kana", 0.81, 0.000_012),
                level("same after folding 髙/高", 0.09, 0.000_02),
                level("same kana, compatible kanji", 0.06, 0.000_09),
                level("one character lost (■)", 0.01, 0.000_3),
                null.clone(),
                level("different", 0.03, 0.9996),
            ],
        },
        ComparisonModel {
            name: "birth date".into(),
            levels: vec![
                level("same", 0.985, 0.000_03),
                level("era slip", 0.002, 0.000_06),
                level("one digit", 0.006, 0.001),
                null.clone(),
                level("different", 0.007, 0.9989),
            ],
        },
        ComparisonModel {
            name: "sex".into(),
            levels: vec![level("same", 0.998, 0.502), null, level("different", 0.002, 0.498)],
        },
    ]
}

fn bin(step: i16) -> Bin {
    let middle = f64::from(step) / 2.0;
    let low = 10_f64.powf(5.2 - (middle + 9.0).powi(2) / 40.0);
    let high = 10_f64.powf(4.1 - (middle - 19.0).powi(2) / 60.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small positive numbers")]
    let count = (low + high) as u64;
    Bin { lo: middle, hi: middle + 0.5, count }
}

fn curve_point(step: i16) -> CurvePointModel {
    let threshold = f64::from(step) / 1.5;
    let precision = 1.0 / (1.0 + (-(threshold + 6.0) / 2.0).exp());
    let recall = 0.991 / (1.0 + ((threshold - 19.0) / 2.2).exp());
    CurvePointModel { threshold, precision, recall, f1: 2.0 * precision * recall / (precision + recall) }
}

fn blocks() -> Vec<BlockModel> {
    let largest = |key: &str, size: u64| LargestBlock { key: key.into(), size };
    vec![
        BlockModel {
            rule: "birth date + family kana".into(),
            pairs: 1_830_221,
            new_pairs: 1_830_221,
            largest: vec![largest("1948-01-01 · タナカ", 48), largest("1950-03-10 · ヤマモト", 31)],
            skipped: 0,
        },
        BlockModel {
            rule: "phone".into(),
            pairs: 1_204_511,
            new_pairs: 877_120,
            largest: vec![largest("0852…", 212)],
            skipped: 2,
        },
        BlockModel { rule: "insurance number".into(), pairs: 990_400, new_pairs: 120_400, ..BlockModel::default() },
    ]
}

fn bar(comparison: &str, level: &str, (left, right): (&str, &str), weight: f64) -> WaterfallBar {
    WaterfallBar {
        comparison: comparison.into(),
        level: level.into(),
        left_value: left.into(),
        right_value: right.into(),
        weight,
    }
}

fn name_change() -> WaterfallModel {
    WaterfallModel {
        title: "Match close to the threshold".into(),
        title_ja: "しきい値に近い一致".into(),
        left_id: "r000417".into(),
        right_id: "r188203".into(),
        prior: -15.7,
        bars: vec![
            bar("name", "same after folding 髙/高", ("髙橋 花子", "高橋 花子"), 12.1),
            bar("birth date", "same", ("1950-01-02", "1950-01-02"), 15.0),
            bar("sex", "same", ("F", "F"), 1.0),
            bar("address", "missing", ("松江市西川津町1060", ""), 0.0),
            bar("phone", "different", ("0852-21-1111", "090-1234-5678"), -1.9),
        ],
        total: 10.5,
        decision: DecisionModel::Match,
        guard: None,
    }
}

fn twins() -> WaterfallModel {
    WaterfallModel {
        title: "Twins".into(),
        title_ja: "双子".into(),
        left_id: "r000901".into(),
        right_id: "r000902".into(),
        prior: -15.7,
        bars: vec![
            bar("name", "one character different", ("佐藤 陽菜", "佐藤 陽奈"), 4.0),
            bar("birth date", "same", ("2016-05-03", "2016-05-03"), 15.0),
            bar("sex", "same", ("F", "F"), 1.0),
            bar("address", "same", ("出雲市今市町<b>2-1</b>", "出雲市今市町<b>2-1</b>"), 9.5),
        ],
        total: 13.8,
        decision: DecisionModel::PossibleMatch,
        guard: Some("twins".into()),
    }
}

fn stage(name: &str, pairs: u64, (speed, rounds): (f64, u32), is_converged: bool) -> TrainingStageModel {
    TrainingStageModel {
        name: name.into(),
        pairs,
        matches: 6400.0,
        changes: (0..rounds).map(|round| 0.3 * (-speed * f64::from(round)).exp()).collect(),
        is_converged,
    }
}

/// Counts opening and closing tags, so that a section that is not closed is seen.
#[track_caller]
fn check_balanced(page: &str) {
    for tag in [
        "section", "div", "table", "tr", "td", "th", "svg", "span", "small", "h2", "h3", "title", "text", "tspan", "i",
        "main",
    ] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

/// `REPORT_EXAMPLE=report.html cargo test -p hub report` writes the page to be looked at in a browser.
#[test]
fn everything_is_shown_in_both_languages() {
    let page = render(&example());
    if let Some(path) = std::env::var_os("REPORT_EXAMPLE") {
        std::fs::write(path, &page).unwrap();
    }
    check_balanced(&page);
    for text in [
        "Match weights of the pairs",
        "ペアの一致の重み",
        "best F1",
        "capped by guard <b>twins</b>",
        "<mark>髙</mark>橋 花子",
        "214,551",
        "1948-01-01 · タナカ",
        "stopped at the limit",
        "−15.7",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("class=\"en\"").count(), page.matches("class=\"ja\" lang=\"ja\"").count());
    assert!(!page.contains("NaN") && !page.contains("inf"), "a number went wrong");
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = render(&example());
    for word in ["<script", "http://", "https://", "src=", "@import", "url(", "javascript:", "onload"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(!page.contains("<b>2-1</b>") && page.contains("&lt;b&gt;2-1&lt;/b&gt;"));
}

#[test]
fn an_empty_report_is_a_page_without_sections() {
    let page = render(&ReportModel::default());
    check_balanced(&page);
    assert!(!page.contains("<section"));
    assert!(!page.contains("NaN"));
}

#[test]
fn odd_numbers_do_not_spoil_the_drawings() {
    let mut report = example();
    report.lower = f64::NEG_INFINITY;
    report.histogram = vec![Bin { lo: 3.0, hi: 3.0, count: 0 }];
    report.curve = vec![CurvePointModel { threshold: 1.0, precision: 1.0, recall: 0.0, f1: 0.0 }];
    report.comparisons[0].levels[0].weight = f64::INFINITY;
    report.waterfalls[0].bars.clear();
    report.training[0].changes = vec![0.0];
    report.blocks[0].pairs = 0;
    let page = render(&report);
    check_balanced(&page);
    assert!(!page.contains("NaN"), "a number went wrong");
}

#[test]
fn a_model_survives_being_saved() {
    let saved = serde_json::to_string(&example()).unwrap();
    let read: ReportModel = serde_json::from_str(&saved).unwrap();
    assert_eq!(render(&read), render(&example()));
}
