//! Which settings there are, according to the type that reads them, so that no list can fall
//! behind.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize as _, de};
use veilcast_server::Config;

/// A setting.
pub(crate) struct Known {
    /// Its name, with the table that it is in: `tls.certificate`.
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// How a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Integer,
    Float,
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    List,
}

/// Every setting of a service.
pub(crate) fn known() -> Vec<Known> {
    let mut found = Vec::new();
    walk(&mut Vec::new(), &mut found);
    found
}

/// The setting of this name.
pub(super) fn find(name: &str) -> Option<Known> {
    known().into_iter().find(|known| known.name == name)
}

/// The setting whose name is most like this one.
pub(super) fn nearest(name: &str) -> String {
    let names = known().into_iter().map(|known| known.name);
    names
        .min_by_key(|other| {
            // A name that is only cut short is nearer than any other word.
            let distance = distance(name.as_bytes(), other.as_bytes());
            (!other.starts_with(name), distance)
        })
        .unwrap_or_default()
}

/// How many letters have to be added, left out or replaced to get from one word to another.
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

/// Goes through the settings below a place.
fn walk(path: &mut Vec<&'static str>, found: &mut Vec<Known>) {
    let answer = Cell::new(None);
    // It ends in an error, once it has said what it looks for.
    let _ = Config::deserialize(Probe {
        path,
        answer: &answer,
    });
    match answer.get() {
        Some(Answer::Table(fields)) => {
            for field in fields {
                path.push(field);
                walk(path, found);
                path.pop();
            }
        }
        Some(Answer::Value(kind)) => found.push(Known {
            name: path.join("."),
            kind,
        }),
        None => {}
    }
}

/// What a type looks for.
#[derive(Clone, Copy)]
enum Answer {
    Table(&'static [&'static str]),
    Value(Kind),
}

/// Leads a type along a path of names, and notes what it looks for at the end.
struct Probe<'a> {
    path: &'a [&'static str],
    answer: &'a Cell<Option<Answer>>,
}

impl Probe<'_> {
    fn value<T>(self, kind: Kind) -> Result<T, Stop> {
        self.answer.set(Some(Answer::Value(kind)));
        Err(Stop)
    }
}

/// The end of a probe.
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no value")
    }
}

impl std::error::Error for Stop {}

impl de::Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

macro_rules! values {
    ($($kind:ident: $($method:ident)*;)*) => {
        $($(
            fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
                self.value(Kind::$kind)
            }
        )*)*
    };
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Stop;

    values! {
        Bool: deserialize_bool;
        Integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
            deserialize_u32 deserialize_u64;
        Float: deserialize_f32 deserialize_f64;
        Text: deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
            deserialize_identifier deserialize_ignored_any deserialize_unit deserialize_any deserialize_map;
        List: deserialize_seq;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self.path {
            [] => {
                self.answer.set(Some(Answer::Table(fields)));
                Err(Stop)
            }
            [first, rest @ ..] => visitor.visit_map(OneEntry {
                key: Some(first),
                value: Probe {
                    path: rest,
                    answer: self.answer,
                },
            }),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Stop> {
        self.value(Kind::Word(words))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: V,
    ) -> Result<V::Value, Stop> {
        self.value(Kind::Text)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Stop> {
        self.value(Kind::List)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, Stop> {
        self.value(Kind::List)
    }
}

/// A table with one entry.
struct OneEntry<'a> {
    key: Option<&'static str>,
    value: Probe<'a>,
}

impl<'de> MapAccess<'de> for OneEntry<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        let key = self.key.take();
        key.map(|key| seed.deserialize(key.into_deserializer()))
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        let Probe { path, answer } = self.value;
        seed.deserialize(Probe { path, answer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_with_what_they_are() {
        let kind = |name| find(name).map(|known| known.kind);
        assert_eq!(kind("max_connections"), Some(Kind::Integer));
        assert_eq!(kind("page"), Some(Kind::Bool));
        assert_eq!(kind("body_timeout_seconds"), Some(Kind::Float));
        assert_eq!(kind("operator_token_file"), Some(Kind::Text));
        assert_eq!(kind("models"), Some(Kind::List));
        assert_eq!(kind("max_conections"), None);
    }

    #[test]
    fn the_nearest_name_is_the_one_that_was_meant() {
        assert_eq!(nearest("max_conections"), "max_connections");
        assert_eq!(nearest("drain"), "drain_seconds");
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
    }
}
