//! The demo's lines and its summary.

use std::fmt;

use anyhow::bail;
use serde::Serialize;
use veilcast_protocol::Layout;
use veilcast_report::described;

/// One image's prediction, and what it took.
#[derive(Serialize)]
pub(super) struct Image {
    pub(super) image: usize,
    /// The true label.
    pub(super) digit: String,
    /// None if the answer can't be right.
    pub(super) predicted: Option<String>,
    /// In that case, what is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// Whether every integer score equals the one computed in the clear.
    pub(super) agrees: bool,
    /// From pixels to the integers that get encrypted, with a hybrid model's public part.
    pub(super) encode_ms: f64,
    pub(super) encrypt_ms: f64,
    /// From sending the request to receiving the whole answer.
    pub(super) server_ms: f64,
    pub(super) decrypt_ms: f64,
    pub(super) bytes_up: u64,
    pub(super) bytes_down: u64,
}

impl Image {
    pub(super) const HEADER: &str =
        "image  digit  predicted  encrypt ms  server ms  decrypt ms  bytes up  bytes down";
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            image,
            digit,
            predicted,
            error,
            encrypt_ms,
            server_ms,
            decrypt_ms,
            bytes_up,
            bytes_down,
            ..
        } = self;
        let predicted = predicted.as_deref().unwrap_or("none");
        write!(
            f,
            "{image:>5}  {digit:>5}  {predicted:>9}  {encrypt_ms:>10.1}  {server_ms:>9.1}  {decrypt_ms:>10.1}  {bytes_up:>8}  {bytes_down:>10}"
        )?;
        if let Some(error) = error {
            write!(f, "  {error}")?;
        } else if !self.agrees {
            write!(f, "  DISAGREES with the model in the clear")?;
        } else if digit != predicted {
            write!(f, "  wrong, as in the clear")?;
        }
        Ok(())
    }
}

/// All images together.
#[derive(Serialize)]
pub(super) struct Summary {
    pub(super) model: String,
    #[serde(flatten)]
    pub(super) figures: Figures,
    /// Figures of a few images by the model that takes all pixels, to compare with a hybrid
    /// model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pixels: Option<Figures>,
    pub(super) key_bits: u32,
    /// Where the service is, as long as it stays up.
    pub(super) url: String,
}

/// What the images took together.
#[derive(Serialize)]
pub(super) struct Figures {
    images: usize,
    right: usize,
    agreeing: usize,
    /// The layout of all requests, in words.
    layout: String,
    median_encode_ms: f64,
    median_encrypt_ms: f64,
    median_server_ms: f64,
    median_decrypt_ms: f64,
    median_bytes_up: f64,
    median_bytes_down: f64,
}

impl Figures {
    pub(super) fn of(images: &[Image], layout: Layout) -> Self {
        let count = |is: fn(&Image) -> bool| images.iter().filter(|image| is(image)).count();
        let median_of = |value: fn(&Image) -> f64| median(images.iter().map(value).collect());
        Self {
            images: images.len(),
            right: count(|image| image.predicted.as_ref() == Some(&image.digit)),
            agreeing: count(|image| image.agrees),
            layout: described(layout),
            median_encode_ms: median_of(|image| image.encode_ms),
            median_encrypt_ms: median_of(|image| image.encrypt_ms),
            median_server_ms: median_of(|image| image.server_ms),
            median_decrypt_ms: median_of(|image| image.decrypt_ms),
            median_bytes_up: median_of(|image| image.bytes_up as f64),
            median_bytes_down: median_of(|image| image.bytes_down as f64),
        }
    }

    /// Fails if an encrypted prediction differs from the plain one.
    fn check(&self) -> anyhow::Result<()> {
        if self.agreeing < self.images {
            let wrong = self.images - self.agreeing;
            bail!(
                "{wrong} of {} images have different scores on ciphertexts",
                self.images
            );
        }
        Ok(())
    }
}

impl Summary {
    /// Fails if an encrypted prediction differs from the plain one.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let all = [&self.figures].into_iter().chain(&self.pixels);
        all.into_iter().try_for_each(Figures::check)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures {
            images,
            right,
            agreeing,
            ..
        } = &self.figures;
        writeln!(f)?;
        writeln!(f, "{right} of {images} digits are right")?;
        writeln!(
            f,
            "{agreeing} of {images} agree with the model in the clear, score by score"
        )?;
        writeln!(f, "medians under a key of {} bits:", self.key_bits)?;
        if self.pixels.is_some() {
            let encode = self.figures.median_encode_ms;
            writeln!(f, "  {encode:.1} ms for the public part, in the clear")?;
        }
        write!(f, "  {}", self.figures)?;
        match &self.pixels {
            None => Ok(()),
            Some(pixels) => write!(f, "\nall pixels, by the model digits:\n  {pixels}"),
        }
    }
}

/// The medians.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:.1} ms to encrypt, {:.1} ms at the server, {:.1} ms to decrypt",
            self.median_encrypt_ms, self.median_server_ms, self.median_decrypt_ms
        )?;
        write!(
            f,
            "  {} bytes up, {} bytes down",
            self.median_bytes_up, self.median_bytes_down
        )
    }
}

/// The middle value, or the mean of the two in the middle; 0 if there is none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        length if length % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![]), 0.0);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
