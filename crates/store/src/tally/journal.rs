//! What a transaction adds to rollups, as bytes: for an engine that adds them up later.
//!
//! A row is its key, a mask of the counters that it has, and these as numbers of seven bits a byte. All integers have the
//! smallest byte first.

use postrider_core::rollup::{Counter, Counts, Width};

use super::Added;

/// The bytes of these rows, all of them of five minutes.
pub(crate) fn encode(added: &[Added<'_>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(added.len() * 64);
    for row in added {
        debug_assert_eq!(row.width, Width::FiveMinutes);
        for number in [row.owner_row, row.bucket, row.endpoint_row] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        varint(row.event_type.len() as u64, &mut out);
        out.extend_from_slice(row.event_type.as_bytes());
        let values = row.counts.values();
        let bit = |(at, value): (usize, &u64)| u64::from(*value > 0) << at;
        let mask: u64 = values.iter().enumerate().map(bit).sum();
        out.extend_from_slice(&mask.to_le_bytes());
        for value in values.iter().filter(|value| **value > 0) {
            varint(*value, &mut out);
        }
    }
    out
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The rows in the bytes; `None` if they are none.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<Added<'_>>> {
    let (mut rest, mut rows) = (bytes, Vec::new());
    while !rest.is_empty() {
        let mut long = || Some(i64::from_le_bytes(take::<8>(&mut rest)?));
        let (owner_row, bucket, endpoint_row) = (long()?, long()?, long()?);
        let length = usize::try_from(read_varint(&mut rest)?).ok()?;
        let (event_type, behind) = rest.split_at_checked(length)?;
        rest = behind;
        let event_type = std::str::from_utf8(event_type).ok()?;
        let mask = u64::from_le_bytes(take::<8>(&mut rest)?);
        let mut values = [0; Counter::COUNT];
        if mask >> Counter::COUNT != 0 {
            return None;
        }
        for (at, value) in values.iter_mut().enumerate() {
            if (mask >> at) & 1 == 1 {
                *value = read_varint(&mut rest)?;
            }
        }
        let (width, counts) = (Width::FiveMinutes, Counts::from_values(values));
        rows.push(Added { owner_row, bucket, width, endpoint_row, event_type, counts });
    }
    Some(rows)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*head)
}

fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = take::<1>(rest)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut values = [0; Counter::COUNT];
        (values[0], values[1], values[17], values[34]) = (1, 127, 128, u64::MAX);
        let row = |owner_row, event_type, counts| Added {
            owner_row,
            bucket: 1_800_000_000_000_000,
            width: Width::FiveMinutes,
            endpoint_row: i64::MAX,
            event_type,
            counts,
        };
        let long = "é".repeat(256);
        let rows = [
            row(1, "invoice.paid", Counts::from_values(values)),
            row(-1, "", Counts::default()),
            row(i64::MIN, &long, Counts::from_values([7; Counter::COUNT])),
        ];
        let bytes = encode(&rows);
        assert_eq!(decode(&bytes).unwrap(), rows);
        assert_eq!(decode(&[]).unwrap(), []);
        for cut in (1..bytes.len())
            .filter(|cut| *cut != encode(&rows[..1]).len() && *cut != encode(&rows[..2]).len())
        {
            assert_eq!(decode(&bytes[..cut]), None, "{cut}");
        }
    }
}
