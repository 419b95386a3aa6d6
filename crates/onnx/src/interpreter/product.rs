//! Products of matrices.
//!
//! The right matrix is cut into panels of eight columns, the left one into blocks of four rows. A
//! block is multiplied by a panel with all 32 sums in registers, and each sum adds its products in
//! a fixed order, so that a result doesn't depend on what is computed beside it.

use super::error::{Fault, malformed, shown};
use super::limits::volume;
use super::plan::{Kernel, Planner};
use super::value::{Floats, Operand};

/// Columns of a panel: two registers of four floats, which every 64-bit processor has.
pub(super) const COLUMNS: usize = 8;
/// Rows of a block.
const ROWS: usize = 4;

/// Eight columns of a right matrix, row by row; the last panel may use fewer.
pub(super) type Panel = [[f32; COLUMNS]];

/// One or more left matrices, each packed as blocks of rows, then the rows left over. Blocks are stored
/// column by column.
pub(super) struct Rows {
    count: usize,
    inner: usize,
    numbers: Vec<f32>,
}

impl Rows {
    /// Packs matrices of `count` rows of `inner` numbers each, as many as there are.
    pub(super) fn pack(matrices: &[f32], count: usize, inner: usize) -> Self {
        let mut numbers = Vec::with_capacity(matrices.len());
        if !matrices.is_empty() {
            for matrix in matrices.chunks_exact(count * inner) {
                let mut blocks = matrix.chunks_exact(ROWS * inner);
                for block in &mut blocks {
                    let places = (0..inner).flat_map(|k| (0..ROWS).map(move |row| (row, k)));
                    numbers.extend(places.map(|(row, k)| block[row * inner + k]));
                }
                numbers.extend(blocks.remainder());
            }
        }
        Self {
            count,
            inner,
            numbers,
        }
    }

    /// Multiplies one of the matrices by a panel with `inner` rows, and writes the first `width`
    /// columns of the result to columns `at` … of `out`, whose rows are `stride` apart. Sums start
    /// with the row's number of `starts`, or with 0.
    pub(super) fn multiply(
        &self,
        matrix: usize,
        panel: &Panel,
        starts: Option<&[f32]>,
        out: &mut [f32],
        (stride, at, width): (usize, usize, usize),
    ) {
        let size = self.count * self.inner;
        let matrix = &self.numbers[matrix * size..][..size];
        let whole = self.count - self.count % ROWS;
        let start = |row: usize| starts.map_or(0.0, |starts| starts[row]);
        let mut write = |row: usize, sums: &[f32; COLUMNS]| {
            out[row * stride + at..][..width].copy_from_slice(&sums[..width]);
        };
        for row in (0..whole).step_by(ROWS) {
            let block = matrix[row * self.inner..][..ROWS * self.inner].as_chunks();
            let starts = std::array::from_fn(|i| start(row + i));
            let sums: [_; ROWS] = sums(block.0, panel, starts);
            for (i, sums) in sums.iter().enumerate() {
                write(row + i, sums);
            }
        }
        for row in whole..self.count {
            let block = matrix[row * self.inner..][..self.inner].as_chunks();
            let [sums] = sums(block.0, panel, [start(row)]);
            write(row, &sums);
        }
    }
}

/// The products of a block of `R` rows by a panel.
fn sums<const R: usize>(
    block: &[[f32; R]],
    panel: &Panel,
    starts: [f32; R],
) -> [[f32; COLUMNS]; R] {
    let mut sums = starts.map(|start| [start; COLUMNS]);
    for (left, right) in block.iter().zip(panel) {
        for (sums, left) in sums.iter_mut().zip(left) {
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum += left * right;
            }
        }
    }
    sums
}

/// A right matrix in panels.
struct Columns {
    inner: usize,
    count: usize,
    panels: Vec<[f32; COLUMNS]>,
}

/// The shape of a right matrix as it is multiplied, and whether its numbers are stored transposed.
#[derive(Clone, Copy)]
struct Right {
    inner: usize,
    count: usize,
    is_transposed: bool,
}

impl Columns {
    fn pack(numbers: &[f32], right: Right) -> Self {
        let Right { inner, count, .. } = right;
        let (down, across) = match right.is_transposed {
            true => (1, inner),
            false => (count, 1),
        };
        let mut panels = Vec::with_capacity(inner * count.div_ceil(COLUMNS));
        for first in (0..count).step_by(COLUMNS) {
            let width = COLUMNS.min(count - first);
            for k in 0..inner {
                let mut row = [0.0; COLUMNS];
                for (i, number) in row[..width].iter_mut().enumerate() {
                    *number = numbers[k * down + (first + i) * across];
                }
                panels.push(row);
            }
        }
        Self {
            inner,
            count,
            panels,
        }
    }

    /// The product with a left matrix, row by row.
    fn multiply(&self, rows: &Rows) -> Vec<f32> {
        let mut result = vec![0.0; rows.count * self.count];
        for (index, at) in (0..self.count).step_by(COLUMNS).enumerate() {
            let panel = &self.panels[index * self.inner..][..self.inner];
            let width = COLUMNS.min(self.count - at);
            rows.multiply(0, panel, None, &mut result, (self.count, at, width));
        }
        result
    }
}

/// The product of two matrices, the second of which may have to be transposed first.
pub(super) fn multiply(
    planner: &mut Planner,
    a: &Floats,
    b: &Floats,
    is_transposed: bool,
) -> Result<Floats, Fault> {
    let shapes = <[usize; 2]>::try_from(&*a.sides).ok();
    let shapes = shapes.zip(<[usize; 2]>::try_from(&*b.sides).ok());
    let shapes = shapes.map(|(a, b)| (a, if is_transposed { [b[1], b[0]] } else { b }));
    let Some(([rows, inner], [below, count])) = shapes.filter(|(a, b)| a[1] == b[0]) else {
        let transposed = if is_transposed { " transposed" } else { "" };
        return malformed(format!(
            "{} can't be multiplied by {}{transposed}",
            shown(&a.sides),
            shown(&b.sides)
        ));
    };
    let sides = vec![rows, count];
    volume(&sides)?;
    let budget = planner.budget();
    budget.take_products(&[rows, inner, count])?;
    budget.take_numbers(&[rows, inner])?;
    budget.take_numbers(&[below, count.next_multiple_of(COLUMNS)])?;
    let right = Right {
        inner,
        count,
        is_transposed,
    };
    match &b.numbers {
        Operand::Constant(numbers) => {
            let columns = Columns::pack(numbers, right);
            planner.add(sides, &[a], Multiplied { rows, columns })
        }
        Operand::Slot(_) => planner.add(sides, &[a, b], BothMultiplied { rows, right }),
    }
}

/// By a constant matrix.
struct Multiplied {
    rows: usize,
    columns: Columns,
}

impl Kernel for Multiplied {
    fn run(&self, operands: &[&[f32]]) -> Vec<f32> {
        let rows = Rows::pack(operands[0], self.rows, self.columns.inner);
        self.columns.multiply(&rows)
    }
}

/// By a matrix that is computed too.
struct BothMultiplied {
    rows: usize,
    right: Right,
}

impl Kernel for BothMultiplied {
    fn run(&self, operands: &[&[f32]]) -> Vec<f32> {
        let rows = Rows::pack(operands[0], self.rows, self.right.inner);
        Columns::pack(operands[1], self.right).multiply(&rows)
    }
}
