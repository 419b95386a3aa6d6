//! Whether two classes of times differ: Welch's t-test as dudect takes it (Reparaz, Balasch and
//! Verbauwhede 2017, *Dude, is my code constant time?*).
//!
//! Times have a long tail, of interrupts and other programs. So the test is taken of all times, and of
//! those below each of a hundred percentiles, most of them near the whole; and, for classes that differ
//! in spread alone, of squared distances from the classes' means. Of all these |t| the largest counts.

/// |t| above this counts as a difference: by chance one such test in 150,000 gets there.
pub(crate) const THRESHOLD: f64 = 4.5;

/// Percentiles below which times are tested.
const CROPPINGS: i32 = 100;

/// A class has to have this many times for a test.
const ENOUGH: f64 = 50.0;

/// A time, and whether it is one of the second class.
pub(crate) type Sample = (bool, f64);

/// The largest |t| that was found.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) t: f64,
    /// The test that found it.
    pub(crate) test: String,
}

/// Running mean and variance of numbers (Welford 1962).
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    /// The sum of the squared distances from the mean.
    squares: f64,
}

impl Moments {
    fn push(&mut self, x: f64) {
        self.count += 1.0;
        let distance = x - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (x - self.mean);
    }

    /// The variance of the mean.
    fn error(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

/// The means' distance in units of its standard error; none for too few numbers.
fn t(samples: impl Iterator<Item = Sample>) -> Option<(f64, [Moments; 2])> {
    let mut classes = [Moments::default(); 2];
    samples.for_each(|(class, time)| classes[usize::from(class)].push(time));
    let [a, b] = classes;
    let error = (a.error() + b.error()).sqrt();
    let is_enough = a.count >= ENOUGH && b.count >= ENOUGH && error > 0.0;
    is_enough.then(|| ((a.mean - b.mean).abs() / error, classes))
}

/// The largest |t| of all tests; none for too few times.
pub(crate) fn largest(samples: &[Sample]) -> Option<Finding> {
    let (all, means) = t(samples.iter().copied())?;
    let mut found = Finding {
        t: all,
        test: "all times".into(),
    };
    let mut consider = |t: Option<(f64, _)>, test: String| {
        if let Some((t, _)) = t
            && t > found.t
        {
            found = Finding { t, test };
        }
    };
    let mut sorted: Vec<f64> = samples.iter().map(|&(_, time)| time).collect();
    sorted.sort_by(f64::total_cmp);
    for i in 1..=CROPPINGS {
        let share = 1.0 - 0.5f64.powf(10.0 * f64::from(i) / f64::from(CROPPINGS));
        let limit = sorted[(share * (sorted.len() - 1) as f64) as usize];
        let below = samples.iter().filter(|&&(_, time)| time < limit);
        consider(t(below.copied()), format!("below {:.1} %", 100.0 * share));
    }
    let squared = samples.iter().map(|&(class, time)| {
        let distance = time - means[usize::from(class)].mean;
        (class, distance * distance)
    });
    consider(t(squared), "spread".into());
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operands::Numbers;

    /// Times around 1000 with a tail above, those of the second class changed.
    fn samples(change: impl Fn(f64) -> f64) -> Vec<Sample> {
        let mut numbers = Numbers::seeded(7);
        let mut uniform = || numbers.limb() as f64 / 2f64.powi(64);
        let mut sample = || {
            let is_late = uniform() < 0.02;
            let tail = if is_late { 50_000.0 * uniform() } else { 0.0 };
            let time: f64 = 995.0 + (0..10).map(|_| uniform()).sum::<f64>();
            let class = uniform() < 0.5;
            (class, tail + if class { change(time) } else { time })
        };
        (0..20_000).map(|_| sample()).collect()
    }

    #[test]
    fn equal_classes_are_not_told_apart() {
        assert!(largest(&samples(|time| time)).unwrap().t < THRESHOLD);
    }

    #[test]
    fn a_small_shift_is_found_below_the_tail() {
        let found = largest(&samples(|time| time + 0.1)).unwrap();
        assert!(
            found.t > THRESHOLD && found.test.starts_with("below"),
            "{found:?}"
        );
    }

    #[test]
    fn another_spread_is_found() {
        let wider = |time: f64| 1000.0 + 3.0 * (time - 1000.0);
        assert!(largest(&samples(wider)).unwrap().t > THRESHOLD);
    }

    #[test]
    fn t_is_welchs() {
        // Means 2 and 5; sums of squared distances 100 and 200.
        let a = [1.0, 2.0, 3.0]
            .iter()
            .cycle()
            .take(150)
            .map(|&x| (false, x));
        let b = [4.0, 4.0, 6.0, 6.0]
            .iter()
            .cycle()
            .take(200)
            .map(|&x| (true, x));
        let (found, _) = t(a.chain(b)).unwrap();
        let variances = [100.0 / 149.0, 200.0 / 199.0];
        let expected = 3.0 / f64::sqrt(variances[0] / 150.0 + variances[1] / 200.0);
        assert!((found - expected).abs() < 1e-9);
        assert!(t([(false, 1.0), (true, 2.0)].into_iter()).is_none());
    }
}
