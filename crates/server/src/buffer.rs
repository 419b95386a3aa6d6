//! The bytes of a body, in memory that comes straight from the operating system and goes back to it
//! at once.
//!
//! What is freed to an allocator may stay with the process. glibc keeps as much as twice the
//! largest piece that was ever freed, in each of its arenas, of which there are eight per core:
//! after a hundred or so large bodies the service would permanently hold hundreds of megabytes.

use std::io;
use std::ops::Deref;

use memmap2::MmapMut;

/// Bytes that grow up to a capacity.
#[derive(Default)]
pub(crate) struct Buffer {
    /// None while the capacity is 0.
    memory: Option<MmapMut>,
    length: usize,
}

impl Buffer {
    pub(crate) fn capacity(&self) -> usize {
        self.memory.as_ref().map_or(0, |memory| memory.len())
    }

    /// Makes room for this many bytes in total, if there is less.
    ///
    /// # Errors
    /// If the operating system has no more memory; then nothing changes.
    pub(crate) fn grow(&mut self, capacity: usize) -> io::Result<()> {
        if capacity > self.capacity() {
            let mut memory = MmapMut::map_anon(capacity)?;
            memory[..self.length].copy_from_slice(self);
            self.memory = Some(memory);
        }
        Ok(())
    }

    /// Appends bytes.
    ///
    /// # Panics
    /// If they don't fit into the capacity.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(memory) = &mut self.memory {
            memory[self.length..end].copy_from_slice(bytes);
        } else {
            assert!(bytes.is_empty(), "no capacity");
        }
        self.length = end;
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let memory = self.memory.as_deref().unwrap_or_default();
        &memory[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_when_it_grows() {
        let mut buffer = Buffer::default();
        assert!(buffer.is_empty());
        let bytes: Vec<u8> = (0..20_000_u32).map(|number| number as u8 ^ 0x5a).collect();
        for (number, piece) in bytes.chunks(1000).enumerate() {
            buffer.grow(1000 * (number + 1)).unwrap();
            assert_eq!(buffer.capacity(), 1000 * (number + 1));
            buffer.extend(piece);
        }
        assert!(buffer[..] == bytes);
        buffer.grow(10).unwrap();
        assert!(buffer[..] == bytes);
    }

    #[test]
    fn more_than_there_is_changes_nothing() {
        let mut buffer = Buffer::default();
        buffer.grow(3).unwrap();
        buffer.extend(b"abc");
        assert!(buffer.grow(1 << 60).is_err());
        assert_eq!((&buffer[..], buffer.capacity()), (&b"abc"[..], 3));
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn it_never_exceeds_its_capacity() {
        let mut buffer = Buffer::default();
        buffer.grow(3).unwrap();
        buffer.extend(b"abcd");
    }
}
