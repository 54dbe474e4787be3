//! Secrets at rest: AES-256-GCM, each value bound to the place where it is stored.
//!
//! A sealed value is one byte that names the key, twelve random bytes (the nonce), and the ciphertext with its tag. The
//! place (`table|row|column`) is authenticated with it, so that a value copied to another row or column does not open.
//!
//! Deliberately absent: a key for each tenant. One key on one machine protects stolen disks and backups, and a second
//! layer of keys beside it would protect nothing more; the first byte leaves room for one.

use std::sync::Arc;

use postrider_core::rng::Rng;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

pub use key::{InvalidSealKey, KeyFileError, SealKey, load_or_create};

mod key;

/// The only key there is so far.
const KEY_NUMBER: u8 = 1;
const HEAD_LEN: usize = 1 + NONCE_LEN;

/// Where a sealed value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The row's key, or the first eight bytes of it.
    pub row: i64,
    /// The column.
    pub column: &'static str,
}

/// A value that was not sealed with this key for this place, or was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value was sealed with another key or for another place, or was changed")]
pub struct Unsealable;

/// Seals and opens values.
pub struct Sealer {
    key: LessSafeKey,
    rng: Arc<dyn Rng>,
}

impl Sealer {
    /// A sealer with this key; nonces come from `rng`.
    #[must_use]
    pub fn new(key: &SealKey, rng: Arc<dyn Rng>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key.as_bytes()).expect("the key has the cipher's length");
        Self { key: LessSafeKey::new(key), rng }
    }

    /// Seals `plain` for `place`.
    #[must_use]
    pub fn seal(&self, place: Place, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        self.rng.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(HEAD_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(KEY_NUMBER);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, place.aad(), &mut sealed[HEAD_LEN..])
            .expect("values are far below the cipher's limit of 64 GiB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what was sealed for `place`.
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (head, body) = sealed.split_at_checked(HEAD_LEN).ok_or(Unsealable)?;
        if head[0] != KEY_NUMBER {
            return Err(Unsealable);
        }
        let nonce = Nonce::try_assume_unique_for_key(&head[1..]).map_err(|_| Unsealable)?;
        let mut plain = body.to_vec();
        let len = self.key.open_in_place(nonce, place.aad(), &mut plain).map_err(|_| Unsealable)?.len();
        plain.truncate(len);
        Ok(plain)
    }
}

impl Place {
    fn aad(self) -> Aad<String> {
        Aad::from(format!("{}|{}|{}", self.table, self.row, self.column))
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

#[cfg(test)]
mod tests {
    use postrider_core::rng::TestRng;

    use super::*;

    const PLACE: Place = Place { table: "endpoint", row: 7, column: "keys" };

    fn sealer(seed: u64) -> Sealer {
        Sealer::new(&SealKey::generate(&TestRng::seed(seed)), Arc::new(TestRng::seed(seed)))
    }

    #[test]
    fn opens_only_with_its_key_at_its_place() {
        let sealer = sealer(1);
        let stored = sealer.seal(PLACE, b"whsec_secret");
        assert_eq!(sealer.open(PLACE, &stored).unwrap(), b"whsec_secret");
        assert!(!stored.windows(6).any(|window| window == b"secret"));
        for place in
            [Place { table: "app", ..PLACE }, Place { row: 8, ..PLACE }, Place { column: "headers", ..PLACE }]
        {
            assert_eq!(sealer.open(place, &stored), Err(Unsealable), "{place:?}");
        }
        assert_eq!(tests::sealer(2).open(PLACE, &stored), Err(Unsealable));
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_noticed() {
        let sealer = sealer(1);
        let stored = sealer.seal(PLACE, b"x");
        for bit in 0..stored.len() * 8 {
            let mut changed = stored.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(sealer.open(PLACE, &changed), Err(Unsealable), "bit {bit}");
        }
        for len in 0..stored.len() {
            assert_eq!(sealer.open(PLACE, &stored[..len]), Err(Unsealable), "length {len}");
        }
    }

    #[test]
    fn the_same_value_never_looks_the_same() {
        let sealer = sealer(1);
        assert_ne!(sealer.seal(PLACE, b"same"), sealer.seal(PLACE, b"same"));
    }
}
