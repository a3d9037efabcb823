//! Fetches charts from memory a few questions before they are asked.
//!
//! Whoever decides about one person after another, among a million whose charts lie far apart, waits for memory most of
//! the time: a decision itself takes a third of it. Passed through [`fetch_ahead`], charts travel while others are decided.
//! It changes no answer and knows nothing of what is asked. It does not help where a chart was just put together.

use crate::chart::ChartView;
use std::collections::VecDeque;

/// How many items a chart is fetched ahead: with fewer, some have not arrived when they are asked; more may drive each other
/// out again.
const AHEAD: usize = 4;

/// The same items in the same order; the chart of each is fetched while those before it are used.
pub fn fetch_ahead<'a, T>(
    items: impl IntoIterator<Item = T>,
    chart: impl Fn(&T) -> ChartView<'a>,
) -> impl Iterator<Item = T> {
    let mut items = items.into_iter();
    let mut waiting: VecDeque<T> = VecDeque::with_capacity(AHEAD + 1);
    std::iter::from_fn(move || {
        while waiting.len() <= AHEAD {
            let Some(item) = items.next() else { break };
            fetch(chart(&item));
            waiting.push_back(item);
        }
        waiting.pop_front()
    })
}

/// Asks the processor for the rules of a chart, without waiting for them.
#[inline]
fn fetch(chart: ChartView<'_>) {
    #[cfg(target_arch = "x86_64")]
    chart.rules.iter().for_each(safe_arch::prefetch_t0);
    // Elsewhere there is no instruction for it that safe code can say; charts then come when they are asked.
    #[cfg(not(target_arch = "x86_64"))]
    let _ = chart;
}

#[cfg(test)]
mod tests {
    use super::fetch_ahead;
    use crate::chart::{Chart, Subject, SubjectState};
    use crate::rule::{Effect, Layer, Rule};
    use directory::Instant;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_is_lost_and_the_order_stays(sizes in prop::collection::vec(0_usize..20, 0..40)) {
            let subject = Subject {
                state: SubjectState::Enrolled,
                is_deceased: false,
                is_restricted: false,
                has_signed: true,
                facts_until: Instant::FOREVER,
            };
            let chart = |size: &usize| Chart {
                rules: vec![Rule::any(Effect::Permit, Layer::Patient); *size],
                origins: Vec::new(),
                reaches: Vec::new(),
                identities: Vec::new(),
                subject,
            };
            let charts: Vec<Chart> = sizes.iter().map(chart).collect();
            let seen: Vec<usize> = fetch_ahead(&charts, |chart| chart.view()).map(|chart| chart.rules.len()).collect();
            prop_assert_eq!(seen, sizes);
        }
    }
}
