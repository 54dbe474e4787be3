//! Pages of lists.
//!
//! `iterator` names the last row of a page and leads forward; with a `-` before it, it leads back from the row that it
//! names, and the rows still come in the list's order. `done` says that there is nothing more in the direction of the
//! walk. A page may be short, even empty, without being the last.

use std::fmt::Display;
use std::str::FromStr;

use axum::response::Response;
use http::StatusCode;
use postrider_core::limits::{PAGE_DEFAULT, PAGE_MAX};
use postrider_store::{Edge, Listed, Order, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer;
use super::problem::Problem;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Rows on the page, at most.
    #[param(minimum = 1, maximum = 250, default = 50)]
    limit: Option<u64>,
    /// Where to go on: the `iterator` or `prevIterator` of the page before.
    iterator: Option<String>,
    /// Which way the list goes, if not its natural one.
    #[param(inline)]
    order: Option<OrderQuery>,
}

/// Which way a list goes.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrderQuery {
    /// Oldest or smallest first.
    Ascending,
    /// Newest or largest first.
    Descending,
}

/// One page of a list.
#[derive(ToSchema)]
#[schema(as = ListResponse)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `list` writes piece by piece")]
pub(crate) struct PageOut<T> {
    /// The rows.
    data: Vec<T>,
    /// Where to go on; null when there is nothing to go on from.
    #[schema(required)]
    iterator: Option<String>,
    /// Where the page before this one is found.
    prev_iterator: Option<String>,
    /// Whether there is nothing more in this direction.
    done: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tail {
    iterator: Option<String>,
    prev_iterator: Option<String>,
    done: bool,
}

impl PageQuery {
    /// The page that is asked for. `C` is what the list is ordered by.
    pub(crate) fn page<C: FromStr>(&self) -> Result<Page<C>, Problem> {
        let limit = match self.limit {
            None => PAGE_DEFAULT,
            Some(limit @ 1..=250) => limit as usize,
            Some(_) => {
                let message = format!("must be from 1 to {PAGE_MAX}");
                return Err(Problem::refused("query", "limit", "value_error", message));
            }
        };
        let edge = self.iterator.as_deref().map(parse_iterator).transpose()?;
        let order = self.order.map(|order| match order {
            OrderQuery::Ascending => Order::Ascending,
            OrderQuery::Descending => Order::Descending,
        });
        Ok(Page { limit, edge, order })
    }
}

fn parse_iterator<C: FromStr>(iterator: &str) -> Result<Edge<C>, Problem> {
    let edge = match iterator.strip_prefix('-') {
        Some(row) => row.parse().map(Edge::Before),
        None => iterator.strip_prefix('+').unwrap_or(iterator).parse().map(Edge::After),
    };
    edge.map_err(|_| Problem::refused("query", "iterator", "value_error", "is not an iterator of this list"))
}

/// Leads forward from `row`. A name may begin with the sign that leads back; then a plus goes before it.
fn forward(row: &impl Display) -> String {
    let text = row.to_string();
    if text.starts_with(['-', '+']) { format!("+{text}") } else { text }
}

/// The answer with the rows of one page: `cursor` is what a row is ordered by, and `write` writes it.
pub(crate) fn list<T, C: Display>(
    asked: &Page<C>,
    listed: &Listed<T, C>,
    cursor: impl Fn(&T) -> C,
    write: impl Fn(&T, &mut Vec<u8>),
) -> Response {
    list_with(asked, listed, cursor, write, None::<(&str, &())>)
}

/// As [`list`], with one more member of the answer.
pub(crate) fn list_with<T, C: Display, M: Serialize>(
    asked: &Page<C>,
    listed: &Listed<T, C>,
    cursor: impl Fn(&T) -> C,
    write: impl Fn(&T, &mut Vec<u8>),
    more: Option<(&str, &M)>,
) -> Response {
    let mut out = Vec::with_capacity(256 * (listed.rows.len() + 1));
    out.extend_from_slice(b"{\"data\":[");
    for (index, row) in listed.rows.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(row, &mut out);
    }
    out.extend_from_slice(b"],");
    let (tail, mut last) = (tail(asked, listed, cursor), Vec::new());
    match more {
        None => answer::write(&tail, &mut last),
        Some((name, value)) => answer::write_with(&tail, name, |out| answer::write(value, out), &mut last),
    }
    out.extend_from_slice(&last[1..]);
    answer::json(StatusCode::OK, out)
}

fn tail<T, C: Display>(asked: &Page<C>, listed: &Listed<T, C>, cursor: impl Fn(&T) -> C) -> Tail {
    let (first, last) = (listed.rows.first().map(&cursor), listed.rows.last().map(&cursor));
    let back = |row: &C| format!("-{row}");
    let done = listed.next.is_none();
    match &asked.edge {
        Some(Edge::Before(from)) => Tail {
            // Nothing before it: forward from here is the list's beginning.
            iterator: last.as_ref().map(forward),
            prev_iterator: listed.next.as_ref().or(first.as_ref()).or(Some(from)).map(back),
            done,
        },
        edge => {
            let from = match edge {
                Some(Edge::After(from)) => Some(from),
                _ => None,
            };
            Tail {
                // At the end it still names the last row, so that a poller can go on from there later.
                iterator: listed.next.as_ref().or(last.as_ref()).or(from).map(forward),
                prev_iterator: first.as_ref().or(from).map(back),
                done,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn asked(limit: Option<u64>, iterator: Option<&str>) -> Result<Page<u32>, Problem> {
        PageQuery { limit, iterator: iterator.map(str::to_owned), order: None }.page()
    }

    #[test]
    fn limits_have_both_ends() {
        for (limit, expected) in
            [(None, Some(50)), (Some(1), Some(1)), (Some(250), Some(250)), (Some(0), None), (Some(251), None)]
        {
            assert_eq!(asked(limit, None).ok().map(|page| page.limit), expected, "{limit:?}");
        }
    }

    #[test]
    fn iterators_lead_both_ways_and_read_back() {
        assert_eq!(asked(None, Some("7")).unwrap().edge, Some(Edge::After(7)));
        assert_eq!(asked(None, Some("-7")).unwrap().edge, Some(Edge::Before(7)));
        for bad in ["", "-", "x", "--7"] {
            assert!(asked(None, Some(bad)).is_err(), "{bad:?}");
        }
        for name in ["a", "-a", "+a", "--a"] {
            let edge = parse_iterator::<String>(&forward(&name)).unwrap();
            assert_eq!(edge, Edge::After(name.to_owned()));
            assert_eq!(parse_iterator::<String>(&format!("-{name}")).unwrap(), Edge::Before(name.to_owned()));
        }
    }

    #[test]
    fn the_tail_says_where_to_go() {
        let page = |edge| Page { limit: 2, edge, order: None };
        for (edge, rows, next, iterator, prev_iterator, done) in [
            (None, vec![], None, None, None, true),
            (None, vec![1, 2], Some(2), Some("2"), Some("-1"), false),
            (Some(Edge::After(2)), vec![3], None, Some("3"), Some("-3"), true),
            (Some(Edge::After(3)), vec![], None, Some("3"), Some("-3"), true),
            (Some(Edge::After(3)), vec![], Some(9), Some("9"), Some("-3"), false),
            (Some(Edge::Before(3)), vec![1, 2], None, Some("2"), Some("-1"), true),
            (Some(Edge::Before(9)), vec![7, 8], Some(7), Some("8"), Some("-7"), false),
            (Some(Edge::Before(1)), vec![], None, None, Some("-1"), true),
        ] {
            let expected = Tail {
                iterator: iterator.map(str::to_owned),
                prev_iterator: prev_iterator.map(str::to_owned),
                done,
            };
            assert_eq!(tail(&page(edge), &Listed { rows, next }, |row| *row), expected);
        }
    }

    #[tokio::test]
    async fn the_body_is_the_contracts() {
        let listed = Listed { rows: vec![1_u32, 2], next: Some(2) };
        let response = list(&asked(None, None).unwrap(), &listed, |row| *row, answer::write);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"{"data":[1,2],"iterator":"2","prevIterator":"-1","done":false}"#);
    }
}
