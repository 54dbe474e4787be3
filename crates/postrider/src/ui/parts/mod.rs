//! Small parts that pages share: what a state, a time, an id looks like.

pub(crate) mod chart;
mod difference;
mod duration;
mod heat;
mod id;
mod paging;
mod pill;
mod spark;
mod time;
pub(crate) mod waterfall;

pub(crate) use difference::{difference, difference_but};
pub(crate) use duration::{clock, span};
pub(crate) use heat::heat;
pub(crate) use id::{copy, id};
pub(crate) use paging::older;
pub(crate) use pill::{Kind, outcome, pill, state};
pub(crate) use spark::{fan_out, spark};
pub(crate) use time::{ago, exact};
