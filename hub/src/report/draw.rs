//! Small parts that every drawing uses: escaping, two languages, scales and ticks.

/// A text made safe for HTML and SVG. Control characters, which may come from records, are shown as `�`.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            control if control.is_control() => safe.push('\u{fffd}'),
            plain => safe.push(plain),
        }
    }
    safe
}

/// A fixed text in both languages; the style sheet shows one.
pub(super) fn label(english: &str, japanese: &str) -> String {
    format!(r#"<span class="en">{english}</span><span class="ja" lang="ja">{japanese}</span>"#)
}

/// The same inside a drawing.
pub(super) fn svg_label(english: &str, japanese: &str) -> String {
    format!(r#"<tspan class="en">{english}</tspan><tspan class="ja" lang="ja">{japanese}</tspan>"#)
}

/// A weight with sign and one decimal; a real minus sign lines up with the plus.
pub(super) fn weight(bits: f64) -> String {
    let rounded = (bits * 10.0).round() / 10.0;
    if rounded == 0.0 {
        "0.0".to_owned()
    } else if rounded < 0.0 {
        format!("−{:.1}", -rounded)
    } else {
        format!("+{rounded:.1}")
    }
}

/// A weight on an axis or as a threshold: no plus sign.
pub(super) fn plain_weight(bits: f64) -> String {
    weight(bits).trim_start_matches('+').trim_end_matches(".0").to_owned()
}

/// A probability as people read it: `98.2 %`, `0.13 %`, `1/53k`. What is short of 1 does not read as 100 %.
pub(super) fn probability(share: f64) -> String {
    if share > 0.999 && share < 1.0 {
        "99.9 %".to_owned()
    } else if share >= 0.1 {
        format!("{:.1} %", share * 100.0)
    } else if share >= 0.001 {
        format!("{:.2} %", share * 100.0)
    } else if share > 0.0 {
        format!("1/{}", compact(1.0 / share))
    } else {
        "0 %".to_owned()
    }
}

/// A count in a few letters: `950`, `12.4k`, `3.1M`.
pub(super) fn compact(count: f64) -> String {
    let scaled = |size: f64, unit: &str| {
        let value = count / size;
        if value < 10.0 { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
    };
    match count {
        few if few < 1e3 => format!("{few:.0}"),
        thousands if thousands < 999.5e3 => scaled(1e3, "k"),
        millions if millions < 999.5e6 => scaled(1e6, "M"),
        _ => scaled(1e9, "G"),
    }
}

/// A count as a number to draw with.
#[expect(clippy::cast_precision_loss, reason = "drawings need no more than 53 bits")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

/// Maps a range of values to a range of positions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

impl Scale {
    /// A scale from `from` to `to`; an empty range of values is widened, so nothing is divided by zero.
    pub(super) fn new(from: (f64, f64), to: (f64, f64)) -> Self {
        let usable = from.0.is_finite() && from.1.is_finite() && from.1 > from.0;
        let start = if from.0.is_finite() { from.0 } else { 0.0 };
        Self { from: if usable { from } else { (start, start + 1.0) }, to }
    }

    /// The position of a value, kept inside the drawing.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = ((value - self.from.0) / (self.from.1 - self.from.0)).clamp(0.0, 1.0);
        let share = if share.is_nan() { 0.0 } else { share };
        self.to.0 + share * (self.to.1 - self.to.0)
    }

    /// Round values inside the range, about `count` of them.
    pub(super) fn ticks(&self, count: u32) -> Vec<f64> {
        let range = self.from.1 - self.from.0;
        let rough = range / f64::from(count.max(1));
        let size = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].iter().map(|factor| factor * size).find(|step| *step >= rough * 0.999);
        let step = step.unwrap_or(size * 10.0);
        let mut ticks = Vec::new();
        let mut tick = (self.from.0 / step).ceil() * step;
        while tick <= self.from.1 + step * 1e-9 && ticks.len() < 100 {
            // Sums of steps leave traces such as 0.30000000000000004.
            ticks.push((tick / step).round() * step);
            tick += step;
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_from_records_cannot_break_out() {
        assert_eq!(escape("<b a='1'>\"&\0"), "&lt;b a=&#39;1&#39;&gt;&quot;&amp;\u{fffd}");
        assert_eq!(escape("髙橋"), "髙橋");
    }

    #[test]
    fn numbers() {
        for (bits, expected) in [(0.04, "0.0"), (-0.04, "0.0"), (3.12, "+3.1"), (-12.0, "−12.0")] {
            assert_eq!(weight(bits), expected);
        }
        for (share, expected) in [
            (0.982, "98.2 %"),
            (0.999_6, "99.9 %"),
            (1.0, "100.0 %"),
            (0.0123, "1.23 %"),
            (0.0004, "1/2.5k"),
            (0.0, "0 %"),
        ] {
            assert_eq!(probability(share), expected);
        }
        for (count, expected) in
            [(950.0, "950"), (12_400.0, "12k"), (1500.0, "1.5k"), (999_900.0, "1.0M"), (3.1e6, "3.1M")]
        {
            assert_eq!(compact(count), expected);
        }
    }

    #[test]
    fn scales_take_any_range() {
        let scale = Scale::new((0.0, 10.0), (100.0, 200.0));
        assert_eq!((scale.at(5.0), scale.at(-5.0), scale.at(50.0), scale.at(f64::NAN)), (150.0, 100.0, 200.0, 100.0));
        assert_eq!(scale.ticks(5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(
            Scale::new((0.0, 0.35), (0.0, 1.0)).ticks(4),
            [0.0, 0.1, 0.2, 0.3].map(|tick: f64| (tick * 10.0).round() * 0.1)
        );
        for range in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (f64::NEG_INFINITY, f64::INFINITY)] {
            let scale = Scale::new(range, (0.0, 1.0));
            assert!((0.0..=1.0).contains(&scale.at(0.5)), "{range:?}");
            assert!(scale.ticks(5).len() <= 100, "{range:?}");
        }
    }
}
