//! Connected parts of a mask.

use crate::grey::Area;

/// A part of a mask whose pixels touch each other, also by their corners.
pub(super) struct Part {
    /// How many pixels it has.
    pub(super) pixels: usize,
    /// What encloses it.
    pub(super) area: Area,
}

/// Each pixel's part, and the parts in the order of their first pixels.
pub(super) fn parts(mask: &[bool], width: usize) -> (Vec<Option<usize>>, Vec<Part>) {
    let height = mask.len() / width;
    let mut labels = vec![None; mask.len()];
    let mut parts = Vec::new();
    for first in 0..mask.len() {
        if !mask[first] || labels[first].is_some() {
            continue;
        }
        let label = Some(parts.len());
        let mut part = Part {
            pixels: 0,
            area: Area::of_pixel(first % width, first / width),
        };
        labels[first] = label;
        let mut open = vec![first];
        while let Some(i) = open.pop() {
            let (x, y) = (i % width, i / width);
            part.pixels += 1;
            part.area = part.area.joined(Area::of_pixel(x, y));
            for row in y.saturating_sub(1)..height.min(y + 2) {
                for column in x.saturating_sub(1)..width.min(x + 2) {
                    let next = row * width + column;
                    if mask[next] && labels[next].is_none() {
                        labels[next] = label;
                        open.push(next);
                    }
                }
            }
        }
        parts.push(part);
    }
    (labels, parts)
}

/// How many parts a mask has, less the holes in them, counted from its squares of 2 × 2 pixels:
/// S. B. Gray, "Local properties of binary images in two dimensions", IEEE Transactions on Computers
/// 20 (1971).
pub(super) fn euler_number(mask: &[bool], width: usize) -> i64 {
    let height = mask.len() / width;
    // The pixel to the left of a column and above a row.
    let at = |x: usize, y: usize| {
        let inside = (1..=width).contains(&x) && (1..=height).contains(&y);
        inside && mask[(y - 1) * width + x - 1]
    };
    let mut quarters = 0;
    for (x, y) in (0..=height).flat_map(|y| (0..=width).map(move |x| (x, y))) {
        let square = [at(x, y), at(x + 1, y), at(x, y + 1), at(x + 1, y + 1)];
        quarters += match square.iter().filter(|pixel| **pixel).count() {
            1 => 1,
            2 if square[0] == square[3] => -2,
            3 => -1,
            _ => 0,
        };
    }
    quarters / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_what_parts_enclose() {
        let rows = [
            ".###...", //
            "#...#..", "#.#.###", "#...#.#", ".######",
        ];
        let mask: Vec<bool> = rows.concat().chars().map(|c| c == '#').collect();
        assert_eq!(parts(&mask, 7).1.len(), 2);
        assert_eq!(euler_number(&mask, 7), 2 - 2);
    }

    #[test]
    fn parts_touch_by_sides_and_corners() {
        let rows = [
            "##...#", //
            "..#..#", ".....#", "#.#.#.",
        ];
        let mask: Vec<bool> = rows.concat().chars().map(|c| c == '#').collect();
        let (labels, parts) = parts(&mask, 6);
        let sizes: Vec<usize> = parts.iter().map(|part| part.pixels).collect();
        assert_eq!(sizes, [3, 4, 1, 1]);
        let Area {
            left,
            top,
            right,
            bottom,
        } = parts[1].area;
        assert_eq!((left, top, right, bottom), (4, 0, 6, 4));
        assert_eq!(euler_number(&mask, 6), 4);
        let labelled = labels.iter().map(Option::is_some);
        assert_eq!(labelled.collect::<Vec<_>>(), mask);
    }
}
