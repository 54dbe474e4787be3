//! Bad input: each kind ends in a clear 4xx that says where, changes nothing, and hurts nobody else.

mod fields;
mod payloads;
mod queries;
mod slow;
mod wire;
