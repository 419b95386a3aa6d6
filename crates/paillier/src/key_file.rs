//! Keys as JSON, in the format that python-paillier's command-line tool reads and writes.
//!
//! ```json
//! {"kty": "DAJ", "key_ops": ["decrypt"], "p": B64, "q": B64, "kid": "…", "pub": {"kty": "DAJ",
//! "alg": "PAI-GN1", "key_ops": ["encrypt"], "n": B64, "proof": B64, "kid": "…"}}
//! ```
//!
//! B64 is a number in big-endian bytes, without leading zeros, in base64url without padding. The
//! key's [proof](crate::KeyProof) is an extension that python-paillier ignores. Only the primes (or
//! n) are trusted; everything else is computed from them and checked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::key_proof::{KeyProof, KeyProofError};
use crate::modulus_checks::PublicKeyError;
use crate::policy::KeyPolicy;
use crate::public_key::PublicKey;
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
    #[error("not a Paillier key file")]
    Json(#[from] serde_json::Error),
    /// The key is of another type.
    #[error("the key file's {field:?} is {found:?}, where a Paillier key has {expected:?}")]
    Type {
        /// The JSON field.
        field: &'static str,
        /// What it holds.
        found: String,
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
    /// The public key's proof does not prove it.
    #[error(transparent)]
    Proof(#[from] KeyProofError),
    /// The secret key is not acceptable.
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
}

/// A public key as in key files, with the proof that a service asks for, if it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeyFile {
    /// The key.
    pub key: PublicKey,
    /// Its proof, checked.
    pub proof: Option<KeyProof>,
}

#[derive(Serialize, Deserialize)]
struct PublicPart {
    kty: String,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    key_ops: Vec<String>,
    n: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<String>,
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
    public: PublicPart,
    #[serde(default)]
    kid: String,
}

impl Drop for SecretKeyFile {
    fn drop(&mut self) {
        self.p.zeroize();
        self.q.zeroize();
    }
}

impl PublicKeyFile {
    /// The key as a JSON key file, with a name for human readers in `kid`.
    pub fn to_json(&self, kid: &str) -> String {
        serde_json::to_string_pretty(&self.part(kid)).expect("strings are JSON")
    }

    /// Reads a JSON key file: of a public key, or of a secret one, from which it takes the public
    /// part.
    ///
    /// # Errors
    /// See [`KeyFileError`]. The modulus is checked as by [`PublicKey::from_modulus`], and the
    /// proof, if there is one, by [`PublicKey::prove`].
    pub fn from_json(json: &str, policy: KeyPolicy) -> Result<Self, KeyFileError> {
        check_length(json)?;
        #[derive(Deserialize)]
        struct WithPublicPart {
            #[serde(rename = "pub")]
            public: PublicPart,
        }
        let part = match serde_json::from_str::<WithPublicPart>(json) {
            Ok(secret) => secret.public,
            Err(_) => serde_json::from_str(json)?,
        };
        expect("kty", &part.kty, KEY_TYPE)?;
        if let Some(alg) = &part.alg {
            expect("alg", alg, ALGORITHM)?;
        }
        let key = PublicKey::from_modulus(&number("n", &part.n)?, policy)?;
        let proof = part.proof.as_deref().map(|text| number("proof", text));
        let proof = proof
            .transpose()?
            .map(|bytes| KeyProof::from_bytes(bytes.as_slice()));
        if let Some(proof) = &proof {
            key.prove(proof)?;
        }
        Ok(Self { key, proof })
    }

    fn part(&self, kid: &str) -> PublicPart {
        let proof = self.proof.as_ref().map(KeyProof::as_bytes);
        PublicPart {
            kty: KEY_TYPE.into(),
            alg: Some(ALGORITHM.into()),
            key_ops: vec!["encrypt".into()],
            n: URL_SAFE_NO_PAD.encode(self.key.modulus()),
            proof: proof.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
            kid: kid.into(),
        }
    }
}

impl From<&SecretKey> for PublicKeyFile {
    /// The public part of a secret key, with its proof.
    fn from(key: &SecretKey) -> Self {
        Self {
            key: key.public_key().clone(),
            proof: Some(key.key_proof().clone()),
        }
    }
}

impl SecretKey {
    /// The key as a JSON key file, with a name for human readers in `kid`. It contains the secret
    /// primes: write it where only its owner can read it.
    ///
    /// Computes the key's proof if it is not known yet.
    ///
    /// # Panics
    /// As [`key_proof`](Self::key_proof).
    pub fn to_json(&self, kid: &str) -> Zeroizing<String> {
        let [p, q] = self.primes().map(|prime| URL_SAFE_NO_PAD.encode(&*prime));
        let public = PublicKeyFile::from(self).part(kid);
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

    /// Reads the JSON key file of a secret key. Its primes are checked by
    /// [`SecretKey::from_primes`].
    ///
    /// # Errors
    /// See [`KeyFileError`].
    ///
    /// # Panics
    /// If the operating system's generator fails.
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
        found: value.chars().take(40).collect(),
        expected,
    })
}

fn number(field: &'static str, base64url: &str) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(base64url)
        .map_err(|_| KeyFileError::Number(field))?;
    Ok(Zeroizing::new(bytes))
}
