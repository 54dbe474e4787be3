//! How heavy a page may be whose rows get content beside what the store has listed: the messages of attempts.

use postrider_core::message::Message;
use postrider_store::{Edge, Listed, Page};

/// Shortens a page to `max` bytes, as `weigh` weighs its rows. The next page goes on behind the last row that stays,
/// which `cursor` names.
pub(super) fn shorten<T, C>(
    listed: Listed<T, C>,
    page: &Page<C>,
    max: usize,
    cursor: impl Fn(&T) -> C,
    weigh: impl Fn(&T) -> usize,
) -> Listed<T, C> {
    let Listed { mut rows, next } = listed;
    let backwards = is_backwards(page);
    // In the order of the walk: what is cut off is what comes last.
    if backwards {
        rows.reverse();
    }
    let mut bytes = 0usize;
    let over = rows.iter().skip_while(|row| {
        bytes = bytes.saturating_add(weigh(row));
        bytes <= max
    });
    let kept = (rows.len() - over.count()).max(1);
    let next = if kept < rows.len() { Some(cursor(&rows[kept - 1])) } else { next };
    rows.truncate(kept);
    if backwards {
        rows.reverse();
    }
    Listed { rows, next }
}

/// Whether the walk of a page begins at its last row.
pub(super) fn is_backwards<C>(page: &Page<C>) -> bool {
    matches!(page.edge, Some(Edge::Before(_)))
}

/// Bytes of a message's payload, if it was read.
pub(super) fn payload_len(message: &Message) -> usize {
    message.payload.as_ref().map_or(0, |payload| payload.body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(rows: &[usize], max: usize, edge: Option<Edge<usize>>) -> (Vec<usize>, Option<usize>) {
        let page = Page { limit: 10, edge, order: None };
        let listed = Listed { rows: rows.to_vec(), next: Some(99) };
        let Listed { rows, next } = shorten(listed, &page, max, |row| *row, |row| *row);
        (rows, next)
    }

    #[test]
    fn a_page_ends_before_it_is_too_heavy_and_goes_on_there() {
        let forward = Some(Edge::After(0));
        assert_eq!(cut(&[1, 2, 3], 6, None), (vec![1, 2, 3], Some(99)), "all fit");
        assert_eq!(cut(&[1, 2, 3], 5, forward.clone()), (vec![1, 2], Some(2)));
        assert_eq!(cut(&[1, 2, 3], 0, forward), (vec![1], Some(1)), "one always goes");
        assert_eq!(cut(&[], 0, None), (vec![], Some(99)));
    }

    #[test]
    fn a_walk_back_keeps_the_rows_next_to_its_start() {
        let back = Some(Edge::Before(9));
        assert_eq!(cut(&[1, 2, 3], 5, back.clone()), (vec![2, 3], Some(2)));
        assert_eq!(cut(&[1, 2, 3], 0, back), (vec![3], Some(3)));
    }
}
