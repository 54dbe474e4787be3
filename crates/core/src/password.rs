//! Passwords: which are allowed, and how they are kept.
//!
//! A password is kept as its Argon2id hash in the usual text form, `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`, with the
//! cost in it: a hash that was made at another cost is still understood, and stays until its person chooses another
//! password. Hashing takes tens of milliseconds and 19 MiB, which is its point: whoever calls this must bound how many do
//! so at once, and must not do so where others wait.
//!
//! Deliberately absent: rules about kinds of characters, and an end to a password's life. Length is what helps.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::names::Invalid;
use crate::rng::Rng;

/// The fewest characters of a password.
pub const CHARS_MIN: usize = 12;
/// The most bytes of one.
pub const BYTES_MAX: usize = 256;

/// What a hash costs: the memory that the recommendations of 2023 name as the least, with their two passes over it.
const COST: Cost = Cost { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
/// The highest cost that is paid to check a hash: a database that was tampered with must not stop the server.
const COST_MAX: Cost = Cost { memory_kib: 256 * 1024, passes: 16, lanes: 4 };

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// Whether `text` may be a password.
pub fn check(text: &str) -> Result<(), Invalid> {
    if text.len() > BYTES_MAX {
        return Err(Invalid::too_long(format!("must have at most {BYTES_MAX} bytes")));
    }
    if text.chars().count() < CHARS_MIN {
        return Err(Invalid::too_short(format!("must have at least {CHARS_MIN} characters")));
    }
    Ok(())
}

/// A password's hash, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

#[derive(Debug, Clone, Copy)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// A stored hash, read.
struct Parts {
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl PasswordHash {
    /// The hash of a password that was [checked](check), with a fresh salt.
    #[must_use]
    pub fn of(password: &str, rng: &dyn Rng) -> Self {
        let mut salt = [0; SALT_BYTES];
        rng.fill(&mut salt);
        let hash =
            COST.hash(password, &salt).expect("the cost, the salt and the length are within Argon2's bounds");
        let Cost { memory_kib, passes, lanes } = COST;
        let [salt, hash] = [&salt[..], &hash[..]].map(|bytes| STANDARD_NO_PAD.encode(bytes));
        Self(format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}"))
    }

    /// What the store had. One that cannot be read [matches](Self::matches) no password.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text to be stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the hash of `password`.
    #[must_use]
    pub fn matches(&self, password: &str) -> bool {
        let Some(Parts { cost, salt, hash }) = self.parts() else { return false };
        password.len() <= BYTES_MAX
            && cost.hash(password, &salt).is_some_and(|computed| computed.ct_eq(&hash).into())
    }

    fn parts(&self) -> Option<Parts> {
        let rest = self.0.strip_prefix("$argon2id$v=19$")?;
        let [cost, salt, hash] = <[&str; 3]>::try_from(rest.split('$').collect::<Vec<_>>()).ok()?;
        let numbers = <[&str; 3]>::try_from(cost.split(',').collect::<Vec<_>>()).ok()?;
        let number = |at: usize, name: &str| numbers[at].strip_prefix(name)?.parse::<u32>().ok();
        let cost = Cost { memory_kib: number(0, "m=")?, passes: number(1, "t=")?, lanes: number(2, "p=")? };
        let is_bearable = cost.memory_kib <= COST_MAX.memory_kib
            && cost.passes <= COST_MAX.passes
            && cost.lanes <= COST_MAX.lanes;
        let decode = |text: &str| STANDARD_NO_PAD.decode(text).ok();
        let parts = Parts { cost, salt: decode(salt)?, hash: decode(hash)? };
        (is_bearable && parts.hash.len() == HASH_BYTES).then_some(parts)
    }
}

/// The work of a check without anything to check against: whoever names a person that does not exist waits as long.
pub fn pretend(password: &str) {
    let hash = COST.hash(password, &[0; SALT_BYTES]);
    std::hint::black_box(hash);
}

impl Cost {
    fn hash(self, password: &str, salt: &[u8]) -> Option<Zeroizing<[u8; HASH_BYTES]>> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_BYTES)).ok()?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut hash = Zeroizing::new([0; HASH_BYTES]);
        argon.hash_password_into(password.as_bytes(), salt, &mut *hash).ok()?;
        Some(hash)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::TestRng;

    /// Of the reference implementation's tests (phc-winner-argon2, test.c): version 0x13, id.
    #[test]
    fn a_hash_of_the_reference_implementation_is_understood() {
        for (text, password) in [
            (
                "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
                "password",
            ),
            (
                "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                "password",
            ),
            (
                "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
                "password",
            ),
        ] {
            let hash = PasswordHash::from_stored(text.to_owned());
            assert!(hash.matches(password) && !hash.matches("Password"), "{text}");
        }
    }

    #[test]
    fn a_password_is_its_own_hash_alone() {
        let rng = TestRng::seed(1);
        let hash = PasswordHash::of("correct horse battery", &rng);
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
        assert!(hash.matches("correct horse battery"));
        assert!(!hash.matches("correct horse batterz") && !hash.matches(""));
        assert_ne!(PasswordHash::of("correct horse battery", &rng), hash, "the salt is another");
        assert!(!format!("{hash:?}").contains("argon2id"));
    }

    #[test]
    fn what_is_no_hash_or_costs_too_much_matches_nothing() {
        let hash = "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        for text in [
            String::new(),
            "password".to_owned(),
            format!("$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ${hash}"),
            format!("$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ${hash}"),
            format!("$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ${hash}"),
            format!("$argon2id$v=19$m=256,t=4000000000,p=1$c29tZXNhbHQ${hash}"),
            format!("$argon2id$v=19$m=256,t=2$c29tZXNhbHQ${hash}"),
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$AAAA".to_owned(),
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$".to_owned(),
        ] {
            let hash = PasswordHash::from_stored(text.clone());
            assert!(!hash.matches("password") && !hash.matches(""), "{text}");
        }
    }

    #[test]
    fn passwords_have_a_length() {
        assert!(check("a".repeat(CHARS_MIN).as_str()).is_ok());
        assert!(check("ä".repeat(CHARS_MIN).as_str()).is_ok());
        assert!(check("ä".repeat(CHARS_MIN - 1).as_str()).is_err(), "characters, not bytes");
        assert!(check("a".repeat(BYTES_MAX).as_str()).is_ok());
        assert!(check("a".repeat(BYTES_MAX + 1).as_str()).is_err());
    }
}
