//! Shares one receiver's bandwidth among the sources it wants to see.

/// Going up needs this much more than the layer costs, in percent, so that a wavering estimate does not flap.
const HEADROOM: u64 = 115;

/// One wanted source; wishes are given in order of importance. Layers have any name `L` that is greater for larger ones.
#[derive(Clone, Debug)]
pub(crate) struct Wish<L> {
    /// Large on the receiver's screen: raised before all others.
    pub(crate) on_stage: bool,
    /// Layers that fit the wished height as `(name, bps)`, lowest first.
    pub(crate) layers: Vec<(L, u64)>,
    /// The layer it receives now.
    pub(crate) current: Option<L>,
}

/// The layer of each wish, in the same order. `bps` is what the receiver can take, `None` while unknown.
///
/// Everybody first gets the smallest picture as far as it goes (the first wish always: one picture too many bits is
/// better than a black window), then those on stage are raised, then all others in turns.
pub(crate) fn share<L: Copy + Ord>(wishes: &[Wish<L>], bps: Option<u64>) -> Vec<Option<L>> {
    let mut left = bps.unwrap_or(u64::MAX / HEADROOM / 2);
    let mut steps: Vec<Option<usize>> = vec![None; wishes.len()];
    for (nth, wish) in wishes.iter().enumerate() {
        let Some(cost) = next_cost(wish, None) else { continue };
        if cost <= left || steps.iter().all(Option::is_none) {
            steps[nth] = Some(0);
            left = left.saturating_sub(wish.layers[0].1);
        }
    }
    for (wish, step) in wishes.iter().zip(&mut steps).filter(|(wish, _)| wish.on_stage) {
        while raise(wish, step, &mut left) {}
    }
    while wishes.iter().zip(&mut steps).fold(false, |any, (wish, step)| raise(wish, step, &mut left) || any) {}
    wishes.iter().zip(steps).map(|(wish, step)| step.map(|step| wish.layers[step].0)).collect()
}

/// What these layers cost together, bit/s.
pub(crate) fn cost<L: Copy + Ord>(wishes: &[Wish<L>], layers: &[Option<L>]) -> u64 {
    let bps = |(wish, layer): (&Wish<L>, &Option<L>)| {
        wish.layers.iter().find(|(index, _)| Some(*index) == *layer).map_or(0, |(_, bps)| *bps)
    };
    wishes.iter().zip(layers).map(bps).sum()
}

/// The same layers with one source, the most important that can be, shown one step better.
pub(crate) fn one_step_more<L: Copy + Ord>(wishes: &[Wish<L>], layers: &[Option<L>]) -> Option<Vec<Option<L>>> {
    let better = |nth: &usize| {
        let next = wishes[*nth].layers.iter().find(|(index, _)| layers[*nth].is_none_or(|now| *index > now));
        next.map(|(index, _)| *index)
    };
    let mut order: Vec<usize> = (0..wishes.len().min(layers.len())).collect();
    order.sort_by_key(|nth| !wishes[*nth].on_stage);
    let chosen = order.into_iter().find(|nth| better(nth).is_some())?;
    let mut more = layers.to_vec();
    more[chosen] = better(&chosen);
    Some(more)
}

fn raise<L: Copy + Ord>(wish: &Wish<L>, step: &mut Option<usize>, left: &mut u64) -> bool {
    let Some(present) = *step else { return false };
    let Some(cost) = next_cost(wish, *step) else { return false };
    if cost > *left {
        return false;
    }
    *left -= wish.layers[present + 1].1.saturating_sub(wish.layers[present].1).min(*left);
    *step = Some(present + 1);
    true
}

/// What must be left to take the step after `step`.
fn next_cost<L: Copy + Ord>(wish: &Wish<L>, step: Option<usize>) -> Option<u64> {
    let next = step.map_or(0, |step| step + 1);
    let (index, bps) = *wish.layers.get(next)?;
    let below = step.map_or(0, |step| wish.layers[step].1);
    // No step is free, or a line that is full already would carry any number of them.
    let cost = bps.saturating_sub(below).max(1);
    let has_it = wish.current.is_some_and(|current| current >= index);
    Some(if has_it { cost } else { cost.saturating_mul(HEADROOM) / 100 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(on_stage: bool, current: Option<usize>) -> Wish<usize> {
        Wish { on_stage, layers: vec![(0, 200_000), (1, 500_000), (2, 1_500_000)], current }
    }

    #[test]
    fn with_enough_for_all_everybody_is_shown_best() {
        assert_eq!(share(&[wish(true, None), wish(false, None)], None), [Some(2), Some(2)]);
    }

    #[test]
    fn the_stage_is_raised_first_and_the_others_share_the_rest() {
        let three = [wish(false, None), wish(true, None), wish(false, None)];
        assert_eq!(share(&three, Some(2_200_000)), [Some(0), Some(2), Some(0)]);
        assert_eq!(share(&three, Some(2_500_000)), [Some(1), Some(2), Some(0)]);
    }

    #[test]
    fn the_first_wish_has_a_picture_however_thin_the_line_is() {
        assert_eq!(share(&[wish(false, None), wish(false, None)], Some(10_000)), [Some(0), None]);
    }

    #[test]
    fn a_wavering_estimate_does_not_flap() {
        assert_eq!(share(&[wish(true, Some(2))], Some(1_510_000)), [Some(2)]);
        assert_eq!(share(&[wish(true, Some(1))], Some(1_510_000)), [Some(1)], "going up needs headroom");
    }

    #[test]
    fn one_step_more_goes_to_the_stage_and_then_to_the_first() {
        let two = [wish(false, None), wish(true, None)];
        assert_eq!(one_step_more(&two, &[Some(0), Some(1)]), Some(vec![Some(0), Some(2)]));
        assert_eq!(one_step_more(&two, &[None, Some(2)]), Some(vec![Some(0), Some(2)]));
        assert_eq!(one_step_more(&two, &[Some(2), Some(2)]), None);
        assert_eq!(cost(&two, &[None, Some(2)]), 1_500_000);
    }

    #[test]
    fn a_source_without_a_living_layer_gets_nothing() {
        let dead = Wish { on_stage: true, layers: Vec::new(), current: None };
        assert_eq!(share(&[dead, wish(false, None)], Some(250_000)), [None, Some(0)]);
    }
}
