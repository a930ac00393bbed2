//! The last few values of something that is measured again and again; its median is what counts.

use serde::{Deserialize, Serialize};

/// Values kept. A median of so few follows a change within some runs, and no single run moves it far.
const KEPT: usize = 15;

/// Values in the order in which they were seen, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Series(Vec<f64>);

impl Series {
    /// Takes a value in. One that is no cost (negative, infinite, no number) is left out.
    pub fn push(&mut self, value: f64) {
        if sane(value) {
            self.0.push(value);
            let over = self.0.len().saturating_sub(KEPT);
            self.0.drain(..over);
        }
    }
    /// The median; `None` where nothing was seen.
    pub fn median(&self) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let (a, b) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
        Some(f64::midpoint(*a, *b))
    }
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Whether it could have been written by this program.
    pub(crate) fn sound(&self) -> bool {
        self.0.len() <= KEPT && self.0.iter().all(|v| sane(*v))
    }
}

/// A value that can be a cost: at most some decades in seconds, or a few petabytes.
pub(crate) fn sane(value: f64) -> bool {
    value.is_finite() && (0.0..1e15).contains(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_odd_value_does_not_count() {
        let mut s = Series::default();
        assert_eq!(s.median(), None);
        s.push(2.0);
        s.push(4.0);
        assert_eq!(s.median(), Some(3.0));
        s.push(1000.0);
        assert_eq!(s.median(), Some(4.0));
        for odd in [f64::NAN, -1.0, f64::INFINITY] {
            s.push(odd);
        }
        assert_eq!(s.len(), 3);
        (0..100).for_each(|_| s.push(7.0));
        assert_eq!((s.len(), s.median()), (KEPT, Some(7.0)));
    }
}
