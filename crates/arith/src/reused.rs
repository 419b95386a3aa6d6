//! [`Reused`]: large pieces of memory for public numbers, which are passed from one computation to
//! the next.
//!
//! A prediction's registers take megabytes. Memory that an allocator gets from the operating system
//! and gives back has to be cleared each time, which takes a few percent of the prediction; if the
//! allocator keeps it, it does so for each of its arenas, so that a service would grow for hours.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Memory that can be used again.
pub(crate) trait Reusable: Default + 'static {
    /// What is not in use.
    fn spare() -> &'static Mutex<Vec<Self>>;

    /// Forgets what is in it, but keeps the memory.
    fn clear(&mut self);
}

/// A piece of memory, which others may use afterwards.
pub(crate) struct Reused<T: Reusable>(T);

impl<T: Reusable> Reused<T> {
    /// The piece that was used last, or a new one. It is empty.
    pub(crate) fn take() -> Self {
        let mut spare = T::spare().lock().unwrap_or_else(PoisonError::into_inner);
        Self(spare.pop().unwrap_or_default())
    }
}

impl<T: Reusable> Drop for Reused<T> {
    fn drop(&mut self) {
        let mut memory = std::mem::take(&mut self.0);
        memory.clear();
        let mut spare = T::spare().lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < rayon::current_num_threads() {
            spare.push(memory);
        }
    }
}

impl<T: Reusable> Deref for Reused<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Reusable> DerefMut for Reused<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl Reusable for Vec<u64> {
    fn spare() -> &'static Mutex<Vec<Self>> {
        static SPARE: Mutex<Vec<Vec<u64>>> = Mutex::new(Vec::new());
        &SPARE
    }

    fn clear(&mut self) {
        self.clear();
    }
}
