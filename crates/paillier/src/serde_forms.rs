//! The serde representation of public values. All numbers are text, in base64url without padding,
//! as in key files; everything that is read is checked.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ciphertext::Ciphertext;
use crate::key_proof::KeyProof;
use crate::policy::KeyPolicy;
use crate::public_key::PublicKey;

/// Ciphertexts and the key that they belong to, to be sent and read as a whole.
///
/// A ciphertext can't be checked without its key, so both are serialised together: as
/// `{"key": B64, "ciphertexts": [B64, …]}` in JSON, where B64 is big-endian bytes in base64url
/// without padding. Reading checks the key as [`PublicKey::from_modulus`] does under
/// [`KeyPolicy::default`], and the ciphertexts as [`PublicKey::decode_ciphertexts`] does.
///
/// ```
/// # use veilcast_paillier::{KeyPolicy, KeyedCiphertexts, SecretKey};
/// # let json = include_str!("../tests/fixtures/keys/good-2048.json");
/// # let secret = SecretKey::from_json(json, KeyPolicy::default())?;
/// let key = secret.public_key();
/// let ciphertexts = secret.encrypt_many(&[key.encode(3), key.encode(-4)]);
/// let sent = serde_json::to_string(&KeyedCiphertexts::new(key.clone(), ciphertexts))?;
///
/// let received: KeyedCiphertexts = serde_json::from_str(&sent)?;
/// let [a, b] = received.ciphertexts() else { panic!("there are two") };
/// let sum = secret.decrypt(&received.key().add(a, b))?;
/// assert_eq!(key.decode(&sum), Some(-1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedCiphertexts {
    key: PublicKey,
    ciphertexts: Vec<Ciphertext>,
}

impl KeyedCiphertexts {
    /// Ciphertexts with their key.
    ///
    /// # Panics
    /// If a ciphertext belongs to another key.
    pub fn new(key: PublicKey, ciphertexts: Vec<Ciphertext>) -> Self {
        ciphertexts.iter().for_each(|c| key.assert_own(c.key_tag));
        Self { key, ciphertexts }
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The ciphertexts, all of them this key's.
    pub fn ciphertexts(&self) -> &[Ciphertext] {
        &self.ciphertexts
    }

    /// The key and the ciphertexts.
    pub fn into_parts(self) -> (PublicKey, Vec<Ciphertext>) {
        (self.key, self.ciphertexts)
    }
}

/// The fields as they are written.
#[derive(Serialize, Deserialize)]
#[serde(rename = "KeyedCiphertexts", deny_unknown_fields)]
struct Form {
    key: PublicKey,
    ciphertexts: Vec<Base64>,
}

impl Serialize for KeyedCiphertexts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let encoded = |c| Base64(self.key.encode_ciphertext(c));
        let form = Form {
            key: self.key.clone(),
            ciphertexts: self.ciphertexts.iter().map(encoded).collect(),
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for KeyedCiphertexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Form { key, ciphertexts } = Form::deserialize(deserializer)?;
        let encodings = ciphertexts.iter().map(|Base64(bytes)| &bytes[..]);
        let ciphertexts = key
            .decode_ciphertexts(encodings)
            .map_err(D::Error::custom)?;
        Ok(Self { key, ciphertexts })
    }
}

/// The modulus n.
impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Base64(self.modulus()).serialize(serializer)
    }
}

/// Checked as by [`PublicKey::from_modulus`] under [`KeyPolicy::default`].
impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Base64(n) = Base64::deserialize(deserializer)?;
        Self::from_modulus(&n, KeyPolicy::default()).map_err(D::Error::custom)
    }
}

/// The eight roots, one after another.
impl Serialize for KeyProof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Base64(self.as_bytes().to_vec()).serialize(serializer)
    }
}

/// Checked when it is used, by [`PublicKey::prove`].
impl<'de> Deserialize<'de> for KeyProof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Base64(bytes) = Base64::deserialize(deserializer)?;
        Ok(Self::from_bytes(bytes))
    }
}

/// Bytes as text.
struct Base64(Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| D::Error::custom("the text is not base64url without padding"))?;
        Ok(Self(bytes))
    }
}
