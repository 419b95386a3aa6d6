//! Images that are moved a little each time they are seen.

use rand::RngExt;
use rand::rngs::ChaCha20Rng;

use crate::optimize::{Examples, Targets};
use veilcast_files::idx::LabelledImages;

/// Images moved by up to this many pixels in each direction; pixels that move in from outside are
/// dark.
pub(crate) struct Shifted<'a> {
    pub(crate) images: &'a LabelledImages,
    pub(crate) by: usize,
}

impl Examples for Shifted<'_> {
    fn len(&self) -> usize {
        Examples::len(self.images)
    }

    fn features(&self) -> usize {
        self.images.features()
    }

    fn write(&self, index: usize, rng: &mut ChaCha20Rng, out: &mut Vec<f32>) {
        let (rows, columns) = (self.images.images().rows(), self.images.images().columns());
        let mut still = Vec::with_capacity(rows * columns);
        self.images.write(index, rng, &mut still);
        let [down, right] = [(); 2].map(|()| rng.random_range(0..=2 * self.by));
        for row in 0..rows {
            for column in 0..columns {
                let y = (row + self.by).checked_sub(down).filter(|y| *y < rows);
                let x = (column + self.by).checked_sub(right);
                let x = x.filter(|x| *x < columns);
                let from = y.zip(x).map(|(y, x)| y * columns + x);
                out.push(from.map_or(0.0, |from| still[from]));
            }
        }
    }

    fn targets(&self, indices: &[usize]) -> Targets {
        self.images.targets(indices)
    }
}
