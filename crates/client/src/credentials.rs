//! How a client identifies itself: a token, and headers for whatever is between it and the service.

use std::fmt;

use http::header::{self, AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue};
use hyper::body::Bytes;
use thiserror::Error;
use veilcast_protocol::HEADER_LENGTH;
use zeroize::Zeroizing;

/// Longest token, in bytes.
const MAX_TOKEN_BYTES: usize = 4096;

/// A secret by which a service recognises its caller. It is wiped when the last client that has it
/// is dropped, and never formatted.
#[derive(Clone)]
pub struct Token(HeaderValue);

/// Why a text isn't a token. The text itself is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// It is empty.
    #[error("the token is empty")]
    Empty,
    /// It is longer than any token.
    #[error("the token has {0} bytes; at most {MAX_TOKEN_BYTES} are allowed")]
    Long(usize),
    /// It has a character that tokens don't have.
    #[error(
        "character {0} of the token isn't allowed: tokens consist of letters, digits and -._~+/="
    )]
    Character(usize),
}

impl Token {
    /// The token with this text; a newline at the end, as in files, isn't part of it.
    ///
    /// # Errors
    /// [`TokenFault`] if it is empty, long, or holds characters that `Authorization: Bearer` doesn't allow.
    pub fn new(text: &str) -> Result<Self, TokenFault> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
        match text.chars().position(|c| !is_allowed(c)) {
            _ if text.is_empty() => return Err(TokenFault::Empty),
            _ if text.len() > MAX_TOKEN_BYTES => return Err(TokenFault::Long(text.len())),
            Some(place) => return Err(TokenFault::Character(place + 1)),
            None => {}
        }
        // The only copy, which is wiped when it is no longer needed.
        let value = Zeroizing::new([b"Bearer ", text.as_bytes()].concat());
        Ok(Self(sensitive(value).expect("its characters are allowed")))
    }

    pub(crate) fn value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// A header's value that is wiped when it is dropped, and never formatted.
fn sensitive(value: Zeroizing<Vec<u8>>) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(value)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Headers that every request carries in addition to the client's own. Their values count as
/// secret, and are never formatted.
#[derive(Clone, Debug, Default)]
pub struct Headers(HeaderMap);

/// Why a header can't be added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// There is no colon.
    #[error("write a header as 'Name: value'")]
    NoColon,
    /// The name isn't a valid one.
    #[error("{0:?} is not the name of a header")]
    Name(String),
    /// The value has a character that headers may not have.
    #[error("the value of {0} has a character that headers can't carry")]
    Value(HeaderName),
    /// The client sets this header itself.
    #[error("{0} is set by the program itself")]
    Reserved(HeaderName),
    /// It has been added already.
    #[error("{0} is given twice")]
    Twice(HeaderName),
}

impl Headers {
    /// Adds a header written as `Name: value`.
    ///
    /// # Errors
    /// [`HeaderFault`] if it isn't written like that, if the client sets this header itself, or if
    /// it has been added already.
    pub fn add(&mut self, line: &str) -> Result<(), HeaderFault> {
        let (name, value) = line.split_once(':').ok_or(HeaderFault::NoColon)?;
        let bad_name = || HeaderFault::Name(name.chars().take(64).collect());
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| bad_name())?;
        let own = [
            header::ACCEPT,
            header::ACCEPT_ENCODING,
            header::CONNECTION,
            header::CONTENT_ENCODING,
            header::CONTENT_LENGTH,
            header::CONTENT_TYPE,
            header::EXPECT,
            header::HOST,
            header::TE,
            header::TRANSFER_ENCODING,
            header::UPGRADE,
        ];
        if own.contains(&name) || name.as_str().eq_ignore_ascii_case(HEADER_LENGTH) {
            return Err(HeaderFault::Reserved(name));
        }
        if self.0.contains_key(&name) {
            return Err(HeaderFault::Twice(name));
        }
        let value = Zeroizing::new(value.trim().as_bytes().to_vec());
        let value = sensitive(value).ok_or_else(|| HeaderFault::Value(name.clone()))?;
        self.0.insert(name, value);
        Ok(())
    }

    /// Whether one of them says who is asking.
    pub(crate) fn authorize(&self) -> bool {
        self.0.contains_key(AUTHORIZATION)
    }

    /// The first of them that is secret, judging by its name.
    pub(crate) fn secret(&self) -> Option<&HeaderName> {
        let secret = [AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];
        self.0.keys().find(|name| secret.contains(name))
    }

    pub(crate) fn map(&self) -> HeaderMap {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_and_never_shown() {
        for text in [
            "vc_AZaz09-._~+/=",
            "vc_AZaz09-._~+/=\n",
            "vc_AZaz09-._~+/=\r\n",
        ] {
            let token = Token::new(text).unwrap();
            assert_eq!(token.value().as_bytes(), b"Bearer vc_AZaz09-._~+/=");
            assert_eq!(format!("{token:?}"), "Token");
            assert_eq!(format!("{:?}", token.value()), "Sensitive");
        }
        let fault = |text: &str| Token::new(text).unwrap_err();
        assert_eq!(fault(""), TokenFault::Empty);
        assert_eq!(fault("\n"), TokenFault::Empty);
        assert_eq!(fault("abc def"), TokenFault::Character(4));
        assert_eq!(fault("abc\nx: y"), TokenFault::Character(4));
        assert_eq!(fault("é"), TokenFault::Character(1));
        assert_eq!(fault(&"x".repeat(4097)), TokenFault::Long(4097));
    }

    #[test]
    fn headers_are_read_and_never_shown() {
        let mut headers = Headers::default();
        headers.add("X-Tenant: seven").unwrap();
        headers.add("cookie:a=b").unwrap();
        assert_eq!(headers.map()["x-tenant"], "seven");
        assert_eq!(headers.secret().map(HeaderName::as_str), Some("cookie"));
        assert!(!headers.authorize());
        let shown = format!("{headers:?}");
        assert!(
            !shown.contains("seven") && !shown.contains("a=b"),
            "{shown}"
        );
        let mut fault = |line: &str| headers.add(line).unwrap_err().to_string();
        assert_eq!(fault("X-Tenant"), "write a header as 'Name: value'");
        assert_eq!(
            fault("X Tenant: 7"),
            "\"X Tenant\" is not the name of a header"
        );
        assert_eq!(fault("x-tenant: 8"), "x-tenant is given twice");
        assert_eq!(fault("Host: other"), "host is set by the program itself");
        assert_eq!(
            fault("inference-header-content-length: 3"),
            "inference-header-content-length is set by the program itself"
        );
        assert_eq!(
            fault("X: a\r\nHost: b"),
            "the value of x has a character that headers can't carry"
        );
    }
}
