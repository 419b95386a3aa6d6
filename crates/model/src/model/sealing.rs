//! A model whose weights are sealed: encrypted for clients, under a key of the service's.

use veilcast_card::{Card, Sealed, Way};

use super::{Model, ModelError};

impl Model {
    /// The bytes of the encrypted weights of a sealed model. Public, as the card is.
    pub fn sealed_file(&self) -> Option<&[u8]> {
        self.sealed.as_deref()
    }

    /// The model with the file of encrypted weights that its card names.
    ///
    /// # Errors
    /// [`ModelError`] if the file isn't the one that the card names, or one of the two is missing.
    pub fn with_sealed_file(self, file: Option<Vec<u8>>) -> Result<Self, ModelError> {
        match (self.card.sealed(), &file) {
            (None, None) => {}
            (Some(named), Some(file)) => named
                .check_file(file, self.card.features())
                .map_err(ModelError::Sealed)?,
            (Some(_), None) => return Err(ModelError::NoSealed),
            (None, Some(_)) => return Err(ModelError::NoSealedNamed),
        }
        Ok(Self {
            sealed: file,
            ..self
        })
    }

    /// The same model with a new card, which offers it in these ways and names a file of encrypted weights.
    ///
    /// # Errors
    /// [`ModelError::Card`] if a card can't be as described; otherwise as
    /// [`with_sealed_file`](Self::with_sealed_file).
    pub fn sealed(self, sealed: Sealed, file: Vec<u8>, ways: Vec<Way>) -> Result<Self, ModelError> {
        let mut spec = self.card.spec().clone();
        (spec.sealed, spec.ways) = (Some(sealed), Some(ways));
        let card = Card::new(spec).map_err(ModelError::Card)?;
        let report = self.report.map(|mut report| {
            report.card = card.digest();
            report
        });
        let model = Self {
            card,
            report,
            ..self
        };
        model.with_sealed_file(Some(file))
    }
}
