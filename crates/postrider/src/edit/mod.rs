//! Changes to a request's body that are asked for by path: `data.items[0].id`.
//!
//! For samples, which are built ([`Assignment::apply`]), and for what was received, of which all other bytes stay as they
//! are ([`Assignment::splice`]).

mod assign;
mod node;
mod splice;

pub(crate) use assign::{Assignment, NoSuchPath};
pub(crate) use node::Node;
