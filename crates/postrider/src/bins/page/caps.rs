//! How full a bin is, as a sentence.

use crate::service::bins::Caps;
use crate::ui::text::size;

/// Counts, ceilings, and what has gone.
pub(in crate::bins) fn sentence(caps: &Caps) -> String {
    let Caps { requests, requests_max, bytes, bytes_max, gone, .. } = *caps;
    let left = match gone {
        0 => "the oldest leave first".to_owned(),
        1 => "the oldest leave first: 1 has gone".to_owned(),
        gone => format!("the oldest leave first: {gone} have gone"),
    };
    format!(
        "{requests} of {requests_max} requests, {} of {} in all bins; {left}",
        size(bytes),
        size(bytes_max)
    )
}
