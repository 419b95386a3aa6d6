//! [`Scale`]: from numbers to places.

/// From a range of numbers to a range of places.
pub(super) struct Scale {
    numbers: [f64; 2],
    places: [f64; 2],
    is_logarithmic: bool,
}

/// About how many marks a scale has that isn't logarithmic.
const MARKS: f64 = 7.0;

impl Scale {
    /// From 0 to the next mark from a number on.
    pub(super) fn linear(most: f64, places: [f64; 2]) -> Self {
        let step = step(most);
        Self {
            numbers: [0.0, (most / step).ceil() * step],
            places,
            is_logarithmic: false,
        }
    }

    /// From the power of ten below all numbers to that above them.
    pub(super) fn logarithmic(
        numbers: impl Iterator<Item = f64> + Clone,
        places: [f64; 2],
    ) -> Self {
        let least = numbers.clone().fold(f64::INFINITY, f64::min);
        let most = numbers.fold(0.0, f64::max);
        Self {
            numbers: [least.log10().floor(), most.log10().ceil()],
            places,
            is_logarithmic: true,
        }
    }

    pub(super) fn place(&self, number: f64) -> f64 {
        let number = if self.is_logarithmic {
            number.log10()
        } else {
            number
        };
        let ([low, high], [from, to]) = (self.numbers, self.places);
        from + (number - low) / (high - low) * (to - from)
    }

    /// The numbers at its marks, and how they are written.
    pub(super) fn marks(&self) -> Vec<(f64, String)> {
        let [low, high] = self.numbers;
        let step = if self.is_logarithmic { 1.0 } else { step(high) };
        let count = ((high - low) / step).round() as i32;
        let mark = |index: i32| {
            let number = low + f64::from(index) * step;
            let number = if self.is_logarithmic {
                10f64.powf(number)
            } else {
                number
            };
            (number, written(number))
        };
        (0..=count).map(mark).collect()
    }
}

/// A step of 1, 2 or 5 times a power of ten.
fn step(most: f64) -> f64 {
    let power = 10f64.powf((most / MARKS).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps
        .into_iter()
        .find(|step| most / step <= MARKS)
        .unwrap_or(most)
}

fn written(number: f64) -> String {
    if number < 1.0 {
        return format!("{}", (number * 1e6).round() / 1e6);
    }
    let digits = format!("{number:.0}");
    let mut written = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_numbers() {
        let words = |scale: Scale| {
            scale
                .marks()
                .into_iter()
                .map(|(_, word)| word)
                .collect::<Vec<_>>()
        };
        let linear = Scale::linear(68.1, [0.0, 70.0]);
        assert!((linear.place(35.0) - 35.0).abs() < 1e-9);
        assert_eq!(
            words(linear),
            ["0", "10", "20", "30", "40", "50", "60", "70"]
        );
        let logarithmic = Scale::logarithmic([0.064, 1345.0].into_iter(), [0.0, 6.0]);
        assert!((logarithmic.place(10.0) - 3.0).abs() < 1e-9);
        assert_eq!(
            words(logarithmic),
            ["0.01", "0.1", "1", "10", "100", "1,000", "10,000"]
        );
    }
}
