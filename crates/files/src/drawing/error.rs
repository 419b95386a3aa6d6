//! Why a picture can't be fitted.

/// A picture doesn't show one digit on a ground that it can be told from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawingError {
    /// Nothing differs enough from what is around it.
    #[error(
        "it is blank: no more than specks differ by more than {contrast} of 255 from what is around \
         them"
    )]
    Blank {
        /// The largest difference found.
        contrast: u8,
    },
    /// There is more than one large shape.
    #[error("it shows more than one digit; cut out one")]
    Several,
    /// Most of the picture differs from its surroundings, or too many parts of it do.
    #[error(
        "it is too uneven to tell a digit from the ground; take a picture of a single digit, dark on \
         light or light on dark, with nothing else in it"
    )]
    Ground,
}
