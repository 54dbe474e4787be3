//! What a database holds of a kind, in a line: how many rows, and a digest that does not depend on their sequence.
//!
//! The digest is the sum of the rows' SHA-256, as a number of 256 bits. Two databases that hold the same rows have the
//! same one, in whatever sequence they give them, and a row that is missing, doubled or changed makes another one.

use std::fmt;

use ring::digest::{Context, SHA256};

use super::value::{Batch, Value};

/// See the module's documentation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Rows.
    pub rows: u64,
    /// The digest, its lowest part first.
    digest: [u64; 4],
}

impl Sum {
    /// Counts the rows of a batch in.
    pub(crate) fn add(&mut self, batch: &Batch) {
        for row in batch.rows() {
            let mut context = Context::new(&SHA256);
            for value in row {
                digest(&mut context, value);
            }
            self.rows += 1;
            self.add_digest(context.finish().as_ref());
        }
    }

    fn add_digest(&mut self, digest: &[u8]) {
        let mut carry = false;
        for (part, bytes) in self.digest.iter_mut().zip(digest.as_chunks::<8>().0) {
            let (sum, over) = part.overflowing_add(u64::from_le_bytes(*bytes));
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            (*part, carry) = (sum, over || over_again);
        }
    }
}

/// The digest in hexadecimal digits.
impl fmt::LowerHex for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digest.iter().rev().try_for_each(|part| write!(f, "{part:016x}"))
    }
}

/// Every value says what it is and how long, so that no two rows are written alike.
fn digest(context: &mut Context, value: &Value) {
    let mut tagged = |tag: u8, bytes: &[u8]| {
        context.update(&[tag]);
        context.update(&(bytes.len() as u64).to_le_bytes());
        context.update(bytes);
    };
    match value {
        Value::Null => context.update(&[0]),
        Value::Number(number) => tagged(1, &number.to_le_bytes()),
        Value::Text(text) => tagged(2, text.as_bytes()),
        Value::Bytes(bytes) => tagged(3, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::Kind;

    fn sum(rows: &[[Value; 3]]) -> Sum {
        let mut batch = Batch::new(Kind::EventId);
        for row in rows {
            batch.push(|place| Ok::<_, ()>(row[place].clone())).unwrap();
        }
        let mut sum = Sum::default();
        sum.add(&batch);
        sum
    }

    #[test]
    fn only_the_rows_count_and_not_their_sequence() {
        let row = |number, text: &str| [Value::Number(number), Value::Text(text.into()), Value::Null];
        let [one, two] = [row(1, "a"), row(2, "b")];
        let both = sum(&[one.clone(), two.clone()]);
        assert_eq!(both, sum(&[two.clone(), one.clone()]));
        for others in [
            vec![one.clone()],
            vec![one.clone(), one.clone()],
            vec![one.clone(), row(2, "c")],
            vec![one.clone(), row(3, "b")],
            vec![row(2, "a"), row(1, "b")],
        ] {
            assert_ne!(sum(&others), both, "{others:?}");
        }
        assert_eq!(format!("{both:x}").len(), 64);
        assert_eq!(format!("{:x}", Sum::default()), "0".repeat(64));
    }

    #[test]
    fn values_that_look_alike_are_told_apart() {
        let of = |first: Value, second: Value| sum(&[[first, second, Value::Null]]);
        let text = |text: &str| Value::Text(text.into());
        assert_ne!(of(text("ab"), text("c")), of(text("a"), text("bc")));
        assert_ne!(of(text("a"), Value::Null), of(Value::Bytes(b"a".to_vec()), Value::Null));
        assert_ne!(of(Value::Null, text("")), of(text(""), Value::Null));
    }

    #[test]
    fn parts_carry_over() {
        let mut sum = Sum::default();
        sum.add_digest(&[0xff; 32]);
        let mut one = [0; 32];
        one[0] = 1;
        sum.add_digest(&one);
        assert_eq!(sum.digest, [0; 4]);
    }
}
