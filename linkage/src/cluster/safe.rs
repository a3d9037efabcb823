//! Takes a component apart where one weak link holds a chain together.
//!
//! Average-linkage agglomeration: starting from single records, the two groups whose records agree best *on average
//! over all their pairs* are joined, as long as that average reaches the threshold. A chain that hangs on a weak link
//! has a low average and stays two groups; a pair that must not be linked keeps its groups apart whatever the average.
//! What a pair counts is limited ([`excess`]), so that one overwhelming pair cannot outvote several contradictions. A
//! record that two groups claim nearly alike, where the two must stay apart, goes to neither.

/// What keeps two records apart, whatever their weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Apart {
    /// Nothing.
    No,
    /// By themselves they would not be linked without somebody looking at them.
    Doubt,
    /// They are not of one person.
    Never,
}

/// The weights of all pairs inside one component, measured from the threshold.
#[derive(Clone, Debug)]
pub struct PairWeights {
    members: usize,
    threshold: f64,
    weights: Vec<f64>,
    vetoes: Vec<bool>,
}

/// Bits above the threshold beyond which a pair counts no further in an average.
const AGREEMENT_MAX: f64 = 12.0;
/// Bits below the threshold beyond which a pair counts no further. Two records of one person that lie years apart, with
/// another house, telephone and card between them, agree in no more than strangers do, while records from between the two
/// agree with both; what tells two persons apart for certain is a matter of guards.
const DISAGREEMENT_MAX: f64 = 3.0;
/// Bits below the threshold at which a pair in doubt counts: more than the most that one pair can count above it, so that
/// one record that agrees with both does not bridge the doubt, and several do.
const DOUBT: f64 = 15.0;

/// What a pair counts in an average: bits above the threshold, negative below.
#[must_use]
pub fn excess(weight: f64, threshold: f64, apart: Apart) -> f64 {
    match apart {
        Apart::Doubt => -DOUBT,
        Apart::No | Apart::Never => (weight - threshold).clamp(-DISAGREEMENT_MAX, AGREEMENT_MAX),
    }
}

/// Bits by which a record's own group has to claim it more than a group that must stay apart from its own.
const NEAR_TIE: f64 = 3.0;

/// Members beyond which a component is not compared all with all, but first split at higher thresholds.
pub const MEMBERS_MAX: usize = 400;

impl PairWeights {
    /// Weights for a number of members, all at the threshold and allowed.
    #[must_use]
    pub fn new(members: usize, threshold: f64) -> Self {
        Self { members, threshold, weights: vec![0.0; members * members], vetoes: vec![false; members * members] }
    }

    /// Sets the weight of a pair, and what keeps its two records apart.
    pub fn set(&mut self, a: usize, b: usize, weight: f64, apart: Apart) {
        let (excess, is_veto) = (excess(weight, self.threshold, apart), apart == Apart::Never);
        for at in [a * self.members + b, b * self.members + a] {
            if let (Some(slot), Some(veto)) = (self.weights.get_mut(at), self.vetoes.get_mut(at)) {
                (*slot, *veto) = (excess, is_veto);
            }
        }
    }

    fn sum(&self, a: usize, b: usize) -> f64 {
        self.weights.get(a * self.members + b).copied().unwrap_or(0.0)
    }

    fn is_veto(&self, a: usize, b: usize) -> bool {
        self.vetoes.get(a * self.members + b).copied().unwrap_or(false)
    }

    /// Makes row `a` the sum of rows `a` and `b`.
    fn absorb(&mut self, a: usize, b: usize) {
        for other in 0..self.members {
            let sum = self.sum(a, other) + self.sum(b, other);
            let veto = self.is_veto(a, other) || self.is_veto(b, other);
            for at in [a * self.members + other, other * self.members + a] {
                if let (Some(slot), Some(flag)) = (self.weights.get_mut(at), self.vetoes.get_mut(at)) {
                    (*slot, *flag) = (sum, veto);
                }
            }
        }
    }
}

/// Groups the members of one component; the result names each member's group by its first member.
///
/// Ties are broken by member number, so the members have to come in an order that the input cannot change.
#[must_use]
pub fn safe_clusters(pairs: PairWeights) -> Vec<usize> {
    if !pairs.vetoes.contains(&true) {
        return agglomerate(pairs);
    }
    let groups = agglomerate(pairs.clone());
    without_near_ties(&pairs, &groups)
}

/// Takes every record out of its group that another group claims nearly as much, where the two groups must stay apart:
/// it belongs to one of two persons, and which one is for somebody to decide.
fn without_near_ties(pairs: &PairWeights, groups: &[usize]) -> Vec<usize> {
    let members = |group: usize, but: usize| {
        groups
            .iter()
            .enumerate()
            .filter(move |(member, own)| **own == group && *member != but)
            .map(|(member, _)| member)
    };
    let claim = |record: usize, group: usize| {
        let count = members(group, record).count();
        let is_free = count > 0 && members(group, record).all(|member| !pairs.is_veto(record, member));
        let sum: f64 = members(group, record).map(|member| pairs.sum(record, member)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a component has few members")]
        is_free.then(|| sum / count as f64)
    };
    let is_torn = |record: usize, own: usize| {
        let Some(claimed) = claim(record, own) else { return false };
        let apart = |rival: usize| members(own, record).any(|a| members(rival, record).any(|b| pairs.is_veto(a, b)));
        let rivals = groups.iter().enumerate().filter(|(member, group)| member == *group && **group != own);
        let mut rivals = rivals.filter_map(|(rival, _)| claim(record, rival).map(|average| (rival, average)));
        rivals.any(|(rival, average)| average >= (claimed - NEAR_TIE).max(0.0) && apart(rival))
    };
    let torn: Vec<bool> = groups.iter().enumerate().map(|(record, own)| is_torn(record, *own)).collect();
    let is_torn = |member: usize| torn.get(member) == Some(&true);
    let named = |(record, own): (usize, &usize)| {
        if is_torn(record) {
            record
        } else {
            members(*own, usize::MAX).find(|member| !is_torn(*member)).unwrap_or(record)
        }
    };
    groups.iter().enumerate().map(named).collect()
}

/// Average-linkage agglomeration.
fn agglomerate(mut pairs: PairWeights) -> Vec<usize> {
    let members = pairs.members;
    let mut group: Vec<usize> = (0..members).collect();
    let mut sizes: Vec<f64> = vec![1.0; members];
    let mut alive: Vec<usize> = (0..members).collect();
    // The best partner of each group, found again only when one of the two has changed.
    let mut best: Vec<Option<(f64, usize)>> = (0..members).map(|a| best_partner(&pairs, &sizes, &alive, a)).collect();
    loop {
        let candidates =
            alive.iter().filter_map(|a| best.get(*a).copied().flatten().map(|(average, b)| (average, *a, b)));
        let Some((average, a, b)) = candidates.reduce(|x, y| if y.0 > x.0 { y } else { x }) else { break };
        if average < 0.0 {
            break;
        }
        let (a, b) = (a.min(b), a.max(b));
        pairs.absorb(a, b);
        if let Some(absorbed) = sizes.get(b).copied() {
            sizes.iter_mut().skip(a).take(1).for_each(|size| *size += absorbed);
        }
        alive.retain(|other| *other != b);
        group.iter_mut().filter(|g| **g == b).for_each(|g| *g = a);
        for other in alive.clone() {
            let stale = other == a
                || best.get(other).copied().flatten().is_some_and(|(_, partner)| partner == a || partner == b);
            let rival = average_of(&pairs, &sizes, other, a);
            if let Some(slot) = best.get_mut(other) {
                if stale {
                    *slot = best_partner(&pairs, &sizes, &alive, other);
                } else if let (Some(rival), Some((current, _))) = (rival, *slot)
                    && rival > current
                {
                    *slot = Some((rival, a));
                }
            }
        }
    }
    group
}

/// Average weight between two groups; `None` when they must not be joined.
fn average_of(pairs: &PairWeights, sizes: &[f64], a: usize, b: usize) -> Option<f64> {
    if a == b || pairs.is_veto(a, b) {
        return None;
    }
    Some(pairs.sum(a, b) / (sizes.get(a)? * sizes.get(b)?))
}

fn best_partner(pairs: &PairWeights, sizes: &[f64], alive: &[usize], a: usize) -> Option<(f64, usize)> {
    let partners = alive.iter().filter_map(|b| average_of(pairs, sizes, a, *b).map(|average| (average, *b)));
    partners.reduce(|x, y| if y.0 > x.0 { y } else { x })
}
