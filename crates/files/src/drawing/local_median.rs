//! Local medians, by a histogram that slides over each row: Huang, Yang, Tang, "A fast
//! two-dimensional median filtering algorithm", IEEE Transactions on Acoustics, Speech, and Signal
//! Processing 27 (1979). Moving by a pixel takes two columns of the window; the median changes
//! little, so that it is found again in a few steps.

use crate::grey::GreyImage;

/// Pixels that don't count.
pub(super) struct Skipped<'a> {
    /// Which they are.
    pub(super) mask: &'a [bool],
    /// What to take where no pixel counts.
    pub(super) otherwise: &'a [u8],
}

/// The median of the pixels at most `radius` columns and rows away from each one, within the
/// picture; of an even number the upper one.
pub(super) fn local_medians(
    picture: &GreyImage,
    radius: usize,
    skipped: Option<&Skipped<'_>>,
) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let mut medians = Vec::with_capacity(width * height);
    for y in 0..height {
        let rows = y.saturating_sub(radius)..height.min(y + radius + 1);
        let levels = |x: usize| {
            let places = rows.clone().map(move |row| row * width + x);
            let counted = places.filter(|&i| skipped.is_none_or(|skipped| !skipped.mask[i]));
            counted.map(|i| picture.pixels()[i])
        };
        let mut window = Window::new();
        (0..radius.min(width))
            .flat_map(levels)
            .for_each(|level| window.add(level));
        for x in 0..width {
            if x + radius < width {
                levels(x + radius).for_each(|level| window.add(level));
            }
            if x > radius {
                levels(x - radius - 1).for_each(|level| window.remove(level));
            }
            medians.push(match (window.median(), skipped) {
                (Some(median), _) => median,
                (None, Some(skipped)) => skipped.otherwise[y * width + x],
                (None, None) => 0,
            });
        }
    }
    medians
}

/// How often each level is there, the last median, and how many levels are below it.
struct Window {
    counts: [u32; 256],
    count: u32,
    median: u8,
    below: u32,
}

impl Window {
    const fn new() -> Self {
        Self {
            counts: [0; 256],
            count: 0,
            median: 0,
            below: 0,
        }
    }

    fn add(&mut self, level: u8) {
        self.counts[usize::from(level)] += 1;
        self.count += 1;
        self.below += u32::from(level < self.median);
    }

    fn remove(&mut self, level: u8) {
        self.counts[usize::from(level)] -= 1;
        self.count -= 1;
        self.below -= u32::from(level < self.median);
    }

    fn median(&mut self) -> Option<u8> {
        if self.count == 0 {
            return None;
        }
        let half = self.count / 2;
        while self.below > half {
            self.median -= 1;
            self.below -= self.counts[usize::from(self.median)];
        }
        while self.below + self.counts[usize::from(self.median)] <= half {
            self.below += self.counts[usize::from(self.median)];
            self.median += 1;
        }
        Some(self.median)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    /// The definition.
    fn slow(picture: &GreyImage, radius: usize, mask: &[bool], otherwise: &[u8]) -> Vec<u8> {
        let (width, height) = (picture.width(), picture.height());
        let around = |place: usize, end: usize| -> Range<usize> {
            place.saturating_sub(radius)..end.min(place + radius + 1)
        };
        let median = |i: usize| {
            let rows = around(i / width, height);
            let places = rows.flat_map(|y| around(i % width, width).map(move |x| y * width + x));
            let mut levels: Vec<u8> = places
                .filter(|&i| !mask[i])
                .map(|i| picture.pixels()[i])
                .collect();
            levels.sort_unstable();
            levels
                .get(levels.len() / 2)
                .copied()
                .unwrap_or(otherwise[i])
        };
        (0..width * height).map(median).collect()
    }

    #[test]
    fn sliding_medians_are_those_of_the_definition() {
        for (width, height, radius) in [(1, 1, 1), (7, 5, 2), (9, 20, 3), (20, 9, 30), (31, 31, 1)]
        {
            let level = |i: usize| (i * i * 31 + i * 17) as u8;
            let picture = GreyImage::new(width, (0..width * height).map(level).collect());
            let otherwise: Vec<u8> = (0..width * height).map(|i| i as u8).collect();
            for sparse in [1, 2, 5, 1000] {
                let mask: Vec<bool> = (0..width * height).map(|i| i % sparse == 0).collect();
                let skipped = Skipped {
                    mask: &mask,
                    otherwise: &otherwise,
                };
                assert_eq!(
                    local_medians(&picture, radius, Some(&skipped)),
                    slow(&picture, radius, &mask, &otherwise),
                    "{width} × {height}, radius {radius}, every {sparse} skipped"
                );
            }
            let none = vec![false; width * height];
            let all = local_medians(&picture, radius, None);
            assert_eq!(all, slow(&picture, radius, &none, &otherwise));
        }
    }
}
