//! Arrow's own files (also called Feather) and streams.
//!
//! A file has an index of its messages at its end, a stream ends with a mark. Messages are read and
//! checked here, and what is in them is decoded by the library.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::{Block, MessageHeader, MetadataVersion, root_as_footer, root_as_message};
use arrow_schema::{ArrowError, Schema};

use super::cells::rows;
use super::fault::damaged;
use crate::ReadError;
use crate::content::Content;
use crate::table::Rows;

const FORMAT: &str = "Arrow";
/// What messages begin with, in files and streams of the last years.
const MARK: [u8; 4] = [0xff; 4];
/// The end of a file: the length of its index, and `ARROW1`.
const TRAILER: u64 = 10;
/// Most bytes of a column's values in one message, unpacked.
const MAX_VALUES: i64 = 1 << 30;

/// The rows of an Arrow file.
pub(crate) fn file(content: Content) -> Result<Rows, ReadError> {
    let name = content.name.clone();
    let (mut file, bytes) = content.file()?;
    let index = Index::read(&mut file, bytes);
    let index = index.map_err(|error| unread(&name, error))?;
    let mut decoder = Decoder::new(&index.schema, index.version);
    for block in &index.dictionaries {
        let message = Message::at(&mut file, bytes, block);
        let message = message.and_then(|message| decoder.decode(message));
        message.map_err(|error| unread(&name, error))?;
    }
    let at = name.clone();
    let batches = index.batches.into_iter().filter_map(move |block| {
        let message = Message::at(&mut file, bytes, &block);
        let batch = message.and_then(|message| decoder.decode(message));
        batch.map_err(|error| unread(&at, error)).transpose()
    });
    rows((&name, FORMAT), &index.schema, batches)
}

/// The rows of a stream.
pub(crate) fn stream(content: Content) -> Result<Rows, ReadError> {
    let name = content.name.clone();
    let stream = content.bytes.stream();
    let (mut stream, _) = stream.map_err(|source| ReadError::io(&name, source))?;
    let first = Message::next(&mut stream).and_then(|message| match message {
        Some(message) => message.schema(),
        None => Err(wrong("it has no columns")),
    });
    let (schema, version) = first.map_err(|error| unread(&name, error))?;
    let schema = Arc::new(schema);
    let mut decoder = Decoder::new(&schema, version);
    let at = name.clone();
    let batches = std::iter::from_fn(move || {
        loop {
            let batch = match Message::next(&mut stream).transpose()? {
                Ok(message) => decoder.decode(message),
                Err(error) => Err(error),
            };
            if let Some(batch) = batch.transpose() {
                return Some(batch.map_err(|error| unread(&at, error)));
            }
        }
    });
    // A reader may ask again after the end.
    rows((&name, FORMAT), &schema, batches.fuse())
}

/// What the end of a file says about the rest.
struct Index {
    schema: Arc<Schema>,
    version: MetadataVersion,
    dictionaries: Vec<Block>,
    batches: Vec<Block>,
}

impl Index {
    fn read(mut file: impl Read + Seek, bytes: u64) -> Result<Self, ArrowError> {
        let mut trailer = [0; TRAILER as usize];
        let begin = |length: u64| {
            bytes
                .checked_sub(length)
                .ok_or_else(|| wrong("it ends early"))
        };
        file.seek(SeekFrom::Start(begin(TRAILER)?))?;
        file.read_exact(&mut trailer)?;
        let length = read_footer_length(trailer)?;
        file.seek(SeekFrom::Start(begin(TRAILER + length as u64)?))?;
        let mut index = vec![0; length];
        file.read_exact(&mut index)?;
        let index = root_as_footer(&index);
        let index = index.map_err(|error| wrong(&format!("its index is unfit: {error:?}")))?;
        let (dictionaries, batches) = (index.dictionaries(), index.recordBatches());
        Ok(Self {
            schema: Arc::new(schema_of(index.schema())?),
            version: index.version(),
            dictionaries: dictionaries.into_iter().flatten().copied().collect(),
            batches: batches.into_iter().flatten().copied().collect(),
        })
    }
}

/// The columns that a file or a stream says it has.
fn schema_of(schema: Option<arrow_ipc::Schema<'_>>) -> Result<Schema, ArrowError> {
    let schema = schema.ok_or_else(|| wrong("it has no columns"))?;
    if !schema.endianness().equals_to_target_endianness() {
        return Err(wrong("it was written on a machine with another byte order"));
    }
    try_fb_to_schema(schema)
}

/// A message that is all there.
struct Message {
    /// What comes before its body, with its length in front, and the body's length.
    block: Block,
    bytes: Vec<u8>,
}

impl Message {
    /// The message that a file's index says is at a place.
    fn at(mut file: impl Read + Seek, bytes: u64, block: &Block) -> Result<Self, ArrowError> {
        let outside = || wrong("a message isn't within the file");
        let start = u64::try_from(block.offset()).map_err(|_| outside())?;
        let lengths = [
            u64::try_from(block.metaDataLength()),
            u64::try_from(block.bodyLength()),
        ];
        let length = lengths.into_iter().try_fold(0u64, |sum, length| {
            length.ok().and_then(|length| sum.checked_add(length))
        });
        let length = length.ok_or_else(outside)?;
        if start.checked_add(length).is_none_or(|end| end > bytes) {
            return Err(outside());
        }
        file.seek(SeekFrom::Start(start))?;
        let mut message = Vec::new();
        read_exactly(file, length, &mut message)?;
        Self::checked(*block, message)
    }

    /// The next message of a stream; none after its end mark.
    fn next(mut stream: impl Read) -> Result<Option<Self>, ArrowError> {
        let mut bytes = Vec::new();
        read_exactly(&mut stream, 4, &mut bytes)?;
        if bytes == MARK {
            read_exactly(&mut stream, 4, &mut bytes)?;
        }
        let length = bytes.last_chunk().copied().map_or(0, i32::from_le_bytes);
        if length == 0 {
            return Ok(None);
        }
        let length = u64::try_from(length);
        let length = length.map_err(|_| wrong("a message has a negative length"))?;
        let before = bytes.len();
        read_exactly(&mut stream, length, &mut bytes)?;
        let body = root_as_message(&bytes[before..]);
        let body = body.map_err(|error| wrong(&format!("a message is unfit: {error:?}")))?;
        let body = body.bodyLength();
        let of_body = u64::try_from(body);
        let of_body = of_body.map_err(|_| wrong("a message has a negative length"))?;
        let header = i32::try_from(bytes.len());
        let header = header.map_err(|_| wrong("a message is too long"))?;
        read_exactly(&mut stream, of_body, &mut bytes)?;
        Self::checked(Block::new(0, header, body), bytes).map(Some)
    }

    /// Checks that the values are where the message says, and not too many: the library would panic,
    /// or allocate whatever is asked for.
    fn checked(block: Block, bytes: Vec<u8>) -> Result<Self, ArrowError> {
        let message = Self { block, bytes };
        let header = message.header()?;
        let dictionary = header.header_as_dictionary_batch();
        let values = header.header_as_record_batch();
        let Some(values) = values.or_else(|| dictionary.and_then(|batch| batch.data())) else {
            return Ok(message);
        };
        let body = &message.bytes[message.block.metaDataLength() as usize..];
        for place in values.buffers().into_iter().flatten() {
            let start = usize::try_from(place.offset()).ok();
            let length = usize::try_from(place.length()).ok();
            let part = start.zip(length);
            let part = part.and_then(|(start, length)| body.get(start..start.checked_add(length)?));
            let part = part.ok_or_else(|| wrong("a column isn't within its message"))?;
            let unpacked = match (values.compression(), part.first_chunk()) {
                (Some(_), Some(length)) => i64::from_le_bytes(*length),
                _ => 0,
            };
            if unpacked > MAX_VALUES {
                let problem = format!("a column says that it has {unpacked} bytes in one message");
                return Err(wrong(&problem));
            }
        }
        Ok(message)
    }

    /// What the message says about its body.
    fn header(&self) -> Result<arrow_ipc::Message<'_>, ArrowError> {
        let end = self.block.metaDataLength() as usize;
        let header = self.bytes.get(..end).and_then(|header| {
            let begin = if header.starts_with(&MARK) { 8 } else { 4 };
            header.get(begin..)
        });
        let header = header.ok_or_else(|| wrong("a message is too short"))?;
        root_as_message(header).map_err(|error| wrong(&format!("a message is unfit: {error:?}")))
    }

    /// The columns, from a stream's first message.
    fn schema(&self) -> Result<(Schema, MetadataVersion), ArrowError> {
        let header = self.header()?;
        Ok((schema_of(header.header_as_schema())?, header.version()))
    }
}

/// Turns messages into columns.
struct Decoder(FileDecoder);

impl Decoder {
    fn new(schema: &Arc<Schema>, version: MetadataVersion) -> Self {
        Self(FileDecoder::new(schema.clone(), version))
    }

    /// The columns' next values, unless the message holds something else.
    fn decode(&mut self, message: Message) -> Result<Option<RecordBatch>, ArrowError> {
        let kind = message.header()?.header_type();
        let Message { block, bytes } = message;
        let bytes = bytes.into();
        match kind {
            MessageHeader::DictionaryBatch => self.0.read_dictionary(&block, &bytes).map(|()| None),
            _ => self.0.read_record_batch(&block, &bytes),
        }
    }
}

/// Reads `count` bytes, allocating no more than there are.
fn read_exactly(reader: impl Read, count: u64, into: &mut Vec<u8>) -> io::Result<()> {
    match reader.take(count).read_to_end(into)? as u64 == count {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "it ends early",
        )),
    }
}

fn wrong(problem: &str) -> ArrowError {
    ArrowError::ParseError(problem.to_owned())
}

/// The error of a file: that of the operating system, or that it is damaged.
fn unread(file: &str, error: ArrowError) -> ReadError {
    match error {
        ArrowError::IoError(_, error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            ReadError::io(file, error)
        }
        ArrowError::IoError(_, error) => damaged(file, FORMAT, &error.to_string()),
        ArrowError::ParseError(problem) => damaged(file, FORMAT, &problem),
        error => damaged(file, FORMAT, &error.to_string()),
    }
}
