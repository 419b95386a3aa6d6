//! Labelled images in the IDX format, as MNIST comes.
//!
//! Files may be gzipped, which is detected from their content, not their name. The header's numbers
//! are checked before anything is allocated, and the content must be exactly as long as they say.
//! Format: Y. LeCun et al., *The MNIST database of handwritten digits*.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

/// Largest unpacked file accepted, in bytes.
pub const MAX_BYTES: u64 = 1 << 30;

const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;

/// Grey images of one size, one byte per pixel, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    rows: usize,
    columns: usize,
    pixels: Vec<u8>,
}

/// Images and the label of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledImages {
    images: Images,
    labels: Vec<u8>,
}

/// Which part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The part to train on.
    Train,
    /// The part to test with.
    Test,
}

/// An IDX file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdxError {
    /// The operating system refused, or the gzip data is damaged.
    #[error("can't read {file}")]
    Io {
        /// The file.
        file: String,
        /// Why it failed.
        source: io::Error,
    },
    /// None of the usual names is in the directory.
    #[error(
        "{directory} has no file {name}, nor {name}.gz; expected MNIST's names",
        directory = directory.display()
    )]
    NotFound {
        /// The directory.
        directory: PathBuf,
        /// The usual name.
        name: String,
    },
    /// The file ends before its content begins.
    #[error("{file} is too short for the header of an IDX file")]
    Header {
        /// The file.
        file: String,
    },
    /// The first four bytes are wrong.
    #[error("{file} starts with {found:#010x}; an IDX file of {what} starts with {expected:#010x}")]
    Magic {
        /// The file.
        file: String,
        /// `images` or `labels`.
        what: &'static str,
        /// The first four bytes.
        found: u32,
        /// What they must be.
        expected: u32,
    },
    /// The header promises nothing, or more than is accepted.
    #[error(
        "{file} announces {items} items of {rows} × {columns}; at least one of each and at most \
         {MAX_BYTES} bytes are accepted"
    )]
    Size {
        /// The file.
        file: String,
        /// Number of items.
        items: u32,
        /// Rows of each.
        rows: u32,
        /// Columns of each.
        columns: u32,
    },
    /// The file ends before its announced end.
    #[error("{file} ends after {found} bytes of content; its header announces {expected}")]
    Short {
        /// The file.
        file: String,
        /// Bytes of content.
        found: u64,
        /// Bytes announced.
        expected: u64,
    },
    /// The file continues after its announced end.
    #[error("{file} continues after the {expected} bytes of content that its header announces")]
    Trailing {
        /// The file.
        file: String,
        /// Bytes announced.
        expected: u64,
    },
    /// There aren't as many labels as images.
    #[error("{images_file} has {images} images, but {labels_file} has {labels} labels")]
    Count {
        /// The images' file.
        images_file: String,
        /// Number of images.
        images: usize,
        /// The labels' file.
        labels_file: String,
        /// Number of labels.
        labels: usize,
    },
}

impl Images {
    /// Reads a file of images, plain or gzipped.
    ///
    /// # Errors
    /// [`IdxError`] names the file and what was expected.
    pub fn open(path: &Path) -> Result<Self, IdxError> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(io_error(&name))?;
        Self::read(&name, BufReader::new(file))
    }

    /// Reads images from bytes, plain or gzipped; `name` appears in errors.
    ///
    /// # Errors
    /// [`IdxError`] names the file and what was expected.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, IdxError> {
        Self::read(name, bytes)
    }

    fn read(name: &str, source: impl io::BufRead) -> Result<Self, IdxError> {
        let mut source = Source::new(name, source)?;
        source.magic("images", IMAGES_MAGIC)?;
        let [count, rows, columns] = [source.number()?, source.number()?, source.number()?];
        let pixels = source.content([count, rows, columns])?;
        Ok(Self {
            rows: rows as usize,
            columns: columns as usize,
            pixels,
        })
    }

    /// Number of images, at least one.
    pub fn len(&self) -> usize {
        self.pixels.len() / (self.rows * self.columns)
    }

    /// Always false: a file without images isn't accepted.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// Rows of each image.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of each image.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The images, each as its pixels from 0 to 255, row by row.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, u8> {
        self.pixels.chunks_exact(self.rows * self.columns)
    }

    /// The images as raw records of a [`Card`](veilcast_card::Card).
    pub fn records(&self) -> impl ExactSizeIterator<Item = Vec<f64>> + '_ {
        self.iter()
            .map(|image| image.iter().copied().map(f64::from).collect())
    }

    /// All pixels, image by image.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }
}

impl LabelledImages {
    /// Reads one part of a data set from a directory with MNIST's file names, plain or `.gz`.
    ///
    /// # Errors
    /// [`IdxError`] names the file and what was expected.
    pub fn open(directory: &Path, split: Split) -> Result<Self, IdxError> {
        let part = match split {
            Split::Train => "train",
            Split::Test => "t10k",
        };
        let images_path = find(directory, &format!("{part}-images"), "idx3-ubyte")?;
        let labels_path = find(directory, &format!("{part}-labels"), "idx1-ubyte")?;
        let labels_name = labels_path.display().to_string();
        let labels_file = File::open(&labels_path).map_err(io_error(&labels_name))?;
        let labels = read_labels(&labels_name, BufReader::new(labels_file))?;
        let images_name = images_path.display().to_string();
        Self::join(
            &images_name,
            Images::open(&images_path)?,
            &labels_name,
            labels,
        )
    }

    /// Reads images and labels from bytes, plain or gzipped; the names appear in errors.
    ///
    /// # Errors
    /// [`IdxError`] names the file and what was expected.
    pub fn from_bytes(images: (&str, &[u8]), labels: (&str, &[u8])) -> Result<Self, IdxError> {
        Self::join(
            images.0,
            Images::from_bytes(images.0, images.1)?,
            labels.0,
            read_labels(labels.0, labels.1)?,
        )
    }

    fn join(
        images_file: &str,
        images: Images,
        labels_file: &str,
        labels: Vec<u8>,
    ) -> Result<Self, IdxError> {
        if images.len() != labels.len() {
            return Err(IdxError::Count {
                images_file: images_file.to_owned(),
                images: images.len(),
                labels_file: labels_file.to_owned(),
                labels: labels.len(),
            });
        }
        Ok(Self { images, labels })
    }

    /// Keeps the first `count` images only, if there are more; at least one stays.
    pub fn truncate(&mut self, count: usize) {
        let count = count.max(1);
        self.labels.truncate(count);
        let size = self.images.rows * self.images.columns;
        self.images.pixels.truncate(count.saturating_mul(size));
    }

    /// Removes and returns the last `count` images; none if nothing would be removed, or nothing
    /// would be left.
    pub fn split_last(&mut self, count: usize) -> Option<Self> {
        let kept = self.len().checked_sub(count).filter(|&kept| kept > 0)?;
        if count == 0 {
            return None;
        }
        let size = self.images.rows * self.images.columns;
        Some(Self {
            images: Images {
                pixels: self.images.pixels.split_off(kept * size),
                ..self.images
            },
            labels: self.labels.split_off(kept),
        })
    }

    /// Number of images, at least one.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false: a file without images isn't accepted.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The images.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// The label of each image.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }
}

fn read_labels(name: &str, source: impl io::BufRead) -> Result<Vec<u8>, IdxError> {
    let mut source = Source::new(name, source)?;
    source.magic("labels", LABELS_MAGIC)?;
    let count = source.number()?;
    source.content([count, 1, 1])
}

/// Finds `STEM-KIND` or `STEM.KIND` (both are in use), plain or with `.gz`.
fn find(directory: &Path, stem: &str, kind: &str) -> Result<PathBuf, IdxError> {
    ["-", "."]
        .iter()
        .flat_map(|joint| {
            ["", ".gz"].map(|end| directory.join(format!("{stem}{joint}{kind}{end}")))
        })
        .find(|path| path.is_file())
        .ok_or_else(|| IdxError::NotFound {
            directory: directory.to_owned(),
            name: format!("{stem}-{kind}"),
        })
}

fn io_error(name: &str) -> impl FnOnce(io::Error) -> IdxError + '_ {
    |source| IdxError::Io {
        file: name.to_owned(),
        source,
    }
}

/// Unpacked content being read, with the name for errors.
struct Source<'a> {
    name: &'a str,
    reader: Box<dyn Read + 'a>,
}

impl<'a> Source<'a> {
    fn new(name: &'a str, mut source: impl io::BufRead + 'a) -> Result<Self, IdxError> {
        let gzipped = source
            .fill_buf()
            .map_err(io_error(name))?
            .starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn Read> = if gzipped {
            Box::new(MultiGzDecoder::new(source))
        } else {
            Box::new(source)
        };
        Ok(Self { name, reader })
    }

    /// A big-endian number of the header.
    fn number(&mut self) -> Result<u32, IdxError> {
        let mut bytes = [0; 4];
        match self.reader.read_exact(&mut bytes) {
            Ok(()) => Ok(u32::from_be_bytes(bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(IdxError::Header {
                file: self.name.to_owned(),
            }),
            Err(error) => Err(io_error(self.name)(error)),
        }
    }

    fn magic(&mut self, what: &'static str, expected: u32) -> Result<(), IdxError> {
        let found = self.number()?;
        if found != expected {
            return Err(IdxError::Magic {
                file: self.name.to_owned(),
                what,
                found,
                expected,
            });
        }
        Ok(())
    }

    /// Everything after the header, which must be exactly as long as announced. The buffer grows
    /// with the actual content, so that a false header can't make it large.
    fn content(mut self, [items, rows, columns]: [u32; 3]) -> Result<Vec<u8>, IdxError> {
        let expected = u64::from(items)
            .checked_mul(u64::from(rows))
            .and_then(|bytes| bytes.checked_mul(u64::from(columns)))
            .filter(|bytes| (1..=MAX_BYTES).contains(bytes))
            .ok_or_else(|| IdxError::Size {
                file: self.name.to_owned(),
                items,
                rows,
                columns,
            })?;
        let mut content = Vec::new();
        self.reader
            .by_ref()
            .take(expected + 1)
            .read_to_end(&mut content)
            .map_err(io_error(self.name))?;
        let file = self.name.to_owned();
        let found = content.len() as u64;
        match found.cmp(&expected) {
            std::cmp::Ordering::Less => Err(IdxError::Short {
                file,
                found,
                expected,
            }),
            std::cmp::Ordering::Equal => Ok(content),
            std::cmp::Ordering::Greater => Err(IdxError::Trailing { file, expected }),
        }
    }
}
