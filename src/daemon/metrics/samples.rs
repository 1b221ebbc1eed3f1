//! Highest, median and average of values that come in for ever.

/// Values that the median is taken of; the oldest go.
const KEPT: usize = 600;

#[derive(Debug, Default)]
pub(super) struct Samples {
    recent: Vec<f64>,
    next: usize,
    highest: f64,
    sum: f64,
    count: u64,
}

/// What samples come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    pub(super) highest: f64,
    pub(super) median: f64,
    pub(super) average: f64,
}

impl Samples {
    pub(super) fn add(&mut self, value: f64) {
        if let Some(oldest) = self.recent.get_mut(self.next).filter(|_| self.count >= KEPT as u64) {
            *oldest = value;
        } else {
            self.recent.push(value);
        }
        self.next = (self.next + 1) % KEPT;
        self.highest = self.highest.max(value);
        self.sum += value;
        self.count += 1;
    }

    /// Highest and average over all, median over the latest; `None` before the first.
    pub(super) fn figures(&self) -> Option<Figures> {
        let mut sorted = self.recent.clone();
        sorted.sort_by(f64::total_cmp);
        let median = *sorted.get(sorted.len() / 2)?;
        Some(Figures { highest: self.highest, median, average: self.sum / self.count as f64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_within_bounds() {
        let mut samples = Samples::default();
        assert_eq!(samples.figures(), None);
        for value in [9.0, 1.0, 2.0] {
            samples.add(value);
        }
        assert_eq!(samples.figures(), Some(Figures { highest: 9.0, median: 2.0, average: 4.0 }));
        for _ in 0..KEPT * 2 {
            samples.add(3.0);
        }
        let figures = samples.figures().unwrap();
        assert_eq!(
            (samples.recent.len(), figures.highest.to_string(), figures.median.to_string()),
            (KEPT, "9".into(), "3".into())
        );
    }
}
