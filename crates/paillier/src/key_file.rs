//! Keys as JSON, in the form of python-paillier's command-line tool, so that keys travel both ways.
//!
//! ```json
//! {"kty": "DAJ", "key_ops": ["decrypt"], "p": B64, "q": B64, "kid": "…",
//!  "pub": {"kty": "DAJ", "alg": "PAI-GN1", "key_ops": ["encrypt"], "n": B64, "kid": "…"}}
//! ```
//!
//! B64 is minimal big-endian bytes in base64url without padding. Only the primes (or n) are
//! believed; everything else is computed from them and checked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::policy::KeyPolicy;
use crate::public_key::{PublicKey, PublicKeyError};
use crate::secret_key::{SecretKey, SecretKeyError};

/// No key file of an accepted size is longer.
const MAX_BYTES: usize = 64 * 1024;

const KEY_TYPE: &str = "DAJ";
const ALGORITHM: &str = "PAI-GN1";

/// Why text is not a key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The text is far longer than any key.
    #[error("the key file has {0} bytes; no key is longer than {MAX_BYTES}")]
    TooLong(usize),
    /// The text is not JSON of this form.
    #[error("not a Paillier key file: {0}")]
    Json(#[from] serde_json::Error),
    /// The key is of another type.
    #[error("the key file's {field:?} is {value:?}, where a Paillier key has {expected:?}")]
    Type {
        /// The JSON field.
        field: &'static str,
        /// What it holds.
        value: String,
        /// What it must hold.
        expected: &'static str,
    },
    /// A number is not base64url.
    #[error("{0:?} in the key file is not a number in base64url without padding")]
    Number(&'static str),
    /// The file's n is not the product of its primes.
    #[error("the key file's n is not p times q: the file is damaged")]
    Mismatch,
    /// The public key is not acceptable.
    #[error(transparent)]
    PublicKey(#[from] PublicKeyError),
    /// The secret key is not acceptable.
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
}

#[derive(Serialize, Deserialize)]
struct PublicKeyFile {
    kty: String,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    key_ops: Vec<String>,
    n: String,
    #[serde(default)]
    kid: String,
}

#[derive(Serialize, Deserialize)]
struct SecretKeyFile {
    kty: String,
    #[serde(default)]
    key_ops: Vec<String>,
    p: String,
    q: String,
    #[serde(rename = "pub")]
    public: PublicKeyFile,
    #[serde(default)]
    kid: String,
}

impl Drop for SecretKeyFile {
    fn drop(&mut self) {
        self.p.zeroize();
        self.q.zeroize();
    }
}

impl PublicKey {
    /// The key as a JSON key file, with a name for people in `kid`.
    pub fn to_json(&self, kid: &str) -> String {
        serde_json::to_string_pretty(&self.file(kid)).expect("strings are JSON")
    }

    /// The key in a JSON key file: a public one, or the public part of a secret one.
    ///
    /// # Errors
    /// See [`KeyFileError`]; the modulus is checked as by [`PublicKey::from_modulus`].
    pub fn from_json(json: &str, policy: KeyPolicy) -> Result<Self, KeyFileError> {
        check_length(json)?;
        #[derive(Deserialize)]
        struct WithPublicPart {
            #[serde(rename = "pub")]
            public: PublicKeyFile,
        }
        let file = match serde_json::from_str::<WithPublicPart>(json) {
            Ok(secret) => secret.public,
            Err(_) => serde_json::from_str(json)?,
        };
        Self::from_file(&file, policy)
    }

    fn file(&self, kid: &str) -> PublicKeyFile {
        PublicKeyFile {
            kty: KEY_TYPE.into(),
            alg: Some(ALGORITHM.into()),
            key_ops: vec!["encrypt".into()],
            n: URL_SAFE_NO_PAD.encode(self.modulus()),
            kid: kid.into(),
        }
    }

    fn from_file(file: &PublicKeyFile, policy: KeyPolicy) -> Result<Self, KeyFileError> {
        expect("kty", &file.kty, KEY_TYPE)?;
        if let Some(alg) = &file.alg {
            expect("alg", alg, ALGORITHM)?;
        }
        Ok(Self::from_modulus(&number("n", &file.n)?, policy)?)
    }
}

impl SecretKey {
    /// The key as a JSON key file, with a name for people in `kid`. It is as secret as the key:
    /// write it where only its owner can read.
    pub fn to_json(&self, kid: &str) -> Zeroizing<String> {
        let [p, q] = self.primes().map(|prime| URL_SAFE_NO_PAD.encode(&*prime));
        let public = self.public_key().file(kid);
        let file = SecretKeyFile {
            kty: KEY_TYPE.into(),
            key_ops: vec!["decrypt".into()],
            p,
            q,
            public,
            kid: kid.into(),
        };
        Zeroizing::new(serde_json::to_string_pretty(&file).expect("strings are JSON"))
    }

    /// The key in a JSON key file. Its primes are checked as by [`SecretKey::from_primes`].
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn from_json(json: &str, policy: KeyPolicy) -> Result<Self, KeyFileError> {
        check_length(json)?;
        let file: SecretKeyFile = serde_json::from_str(json)?;
        expect("kty", &file.kty, KEY_TYPE)?;
        let n = number("n", &file.public.n)?;
        let key = Self::from_primes(&number("p", &file.p)?, &number("q", &file.q)?, policy)?;
        let stated = n.iter().skip_while(|&&byte| byte == 0);
        if stated.eq(&key.public_key().modulus()) {
            Ok(key)
        } else {
            Err(KeyFileError::Mismatch)
        }
    }
}

fn check_length(json: &str) -> Result<(), KeyFileError> {
    if json.len() > MAX_BYTES {
        Err(KeyFileError::TooLong(json.len()))
    } else {
        Ok(())
    }
}

fn expect(field: &'static str, value: &str, expected: &'static str) -> Result<(), KeyFileError> {
    if value == expected {
        return Ok(());
    }
    Err(KeyFileError::Type {
        field,
        value: value.chars().take(40).collect(),
        expected,
    })
}

fn number(field: &'static str, base64url: &str) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(base64url)
        .map_err(|_| KeyFileError::Number(field))?;
    Ok(Zeroizing::new(bytes))
}
