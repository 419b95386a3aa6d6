//! What preparing a table's cells takes: those of the example's patients, since it depends on what a card does with them.

use anyhow::Context as _;
use veilcast_card::{Card, Cell, Encoder, RawRecord};

/// The card of `examples/hospital`: numbers with gaps, clipped and standardised, and texts of a few categories.
const CARD: &[u8] = include_bytes!("../hospital.json");
/// How many records are prepared at once.
const RECORDS: usize = 256;
/// One cell in this many is missing, as in the table.
const GAPS: usize = 10;

/// The seconds for a cell.
pub(super) fn seconds(mut median: impl FnMut(&mut dyn FnMut()) -> f64) -> anyhow::Result<f64> {
    let encoder = Encoder::new(Card::parse(CARD)?)?;
    let records: Vec<RawRecord<'_>> = (0..RECORDS).map(|index| record(&encoder, index)).collect();
    let unfit = "the built-in card refuses its own cells";
    encoder.encode(&records).context(unfit)?;
    let time = median(&mut || drop(encoder.encode(&records)));
    Ok(time / (RECORDS * encoder.card().raw_features()) as f64)
}

/// A record of cells that the card takes.
fn record(encoder: &Encoder, index: usize) -> RawRecord<'static> {
    let input = encoder.card().input();
    let names = input.features.as_deref().unwrap_or_default();
    let cell = |(column, name): (usize, &String)| {
        let place = index + 7 * column;
        match input.preprocessing.categories(name) {
            Some((known, _)) => Cell::Text(known[place % known.len()].clone()),
            None if place.is_multiple_of(GAPS)
                && input.preprocessing.takes_missing(name, names) =>
            {
                Cell::Missing
            }
            None => Cell::Number((place % 100) as f64),
        }
    };
    let cells: Vec<Cell> = names.iter().enumerate().map(cell).collect();
    cells.into()
}
