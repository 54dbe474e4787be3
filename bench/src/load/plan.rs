//! What to publish, and to whom.

use std::fmt::Write as _;

use http::{HeaderName, HeaderValue};

use crate::{
    marker::Template,
    signature::BodySecret,
    target::{Loopback, Target},
};

const CONNECTIONS_LIMIT: usize = 4096;
const SHARES_LIMIT: u32 = 10_000;

/// A publish URL and its part of the load.
#[derive(Debug, Clone)]
pub struct Aim {
    /// Where to publish.
    pub target: Target,
    /// How many of each (sum of shares) messages go here.
    pub share: u32,
    /// Deliveries expected of each message; 0 if they are not to be counted.
    pub fanout: u32,
}

/// A load that can be run.
pub struct Plan {
    aims: Vec<Aim>,
    /// The head of a request to each aim, up to the value of `content-length`.
    heads: Vec<String>,
    turns: Vec<usize>,
    addresses: Vec<Loopback>,
    pub(super) template: Template,
    /// Messages to publish.
    pub messages: u64,
    /// Connections, each with one message under way.
    pub connections: usize,
    /// Messages a second; as fast as they are taken if `None`.
    pub rate: Option<f64>,
    /// What each body is signed with, if it is a provider's.
    pub secret: Option<BodySecret>,
}

/// Why a plan cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Nothing to aim at.
    #[error("no URL to publish to")]
    NoAim,
    /// A connection speaks to one server.
    #[error("all URLs must have the same address and port: {0} differs")]
    SeveralServers(Target),
    /// Shares that add up to nothing, or to an unreasonable table.
    #[error("shares must add up to 1 to {SHARES_LIMIT}")]
    Shares,
    /// Too few or too many.
    #[error("connections must be 1 to {CONNECTIONS_LIMIT}")]
    Connections,
    /// Zero, negative or not a number.
    #[error("the rate must be above zero")]
    Rate,
}

impl Plan {
    /// A plan with one connection, no rate and no messages yet: set those fields and [`Plan::check`] them.
    pub fn new(
        aims: Vec<Aim>,
        headers: &[(HeaderName, HeaderValue)],
        template: Template,
    ) -> Result<Self, PlanError> {
        let address = aims.first().ok_or(PlanError::NoAim)?.target.address();
        if let Some(other) = aims.iter().find(|aim| aim.target.address() != address) {
            return Err(PlanError::SeveralServers(other.target.clone()));
        }
        let turns = turns(&aims.iter().map(|aim| aim.share).collect::<Vec<_>>())?;
        let heads = aims.iter().map(|aim| head(&aim.target, headers)).collect();
        let addresses = vec![address];
        Ok(Self {
            aims,
            heads,
            turns,
            addresses,
            template,
            messages: 0,
            connections: 1,
            rate: None,
            secret: None,
        })
    }

    /// Publishes to this server as well, for one that has several addresses: each connection speaks to one of them, in
    /// turn.
    #[must_use]
    pub fn also_at(mut self, address: Loopback) -> Self {
        self.addresses.push(address);
        self
    }

    /// Checks the fields that are set after [`Plan::new`].
    pub fn check(self) -> Result<Self, PlanError> {
        if !(1..=CONNECTIONS_LIMIT).contains(&self.connections) {
            return Err(PlanError::Connections);
        }
        if self.rate.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
            return Err(PlanError::Rate);
        }
        Ok(self)
    }

    /// The aims in the order given.
    #[must_use]
    pub fn aims(&self) -> &[Aim] {
        &self.aims
    }

    /// The largest fan-out.
    #[must_use]
    pub fn lanes(&self) -> u32 {
        self.aims.iter().map(|aim| aim.fanout).max().unwrap_or(0)
    }

    /// Where a connection goes.
    pub(super) fn address_of(&self, connection: usize) -> Loopback {
        self.addresses[connection % self.addresses.len()]
    }

    /// Which aim a message goes to.
    pub(super) fn aim_of(&self, number: u64) -> usize {
        self.turns[(number % self.turns.len() as u64) as usize]
    }

    /// The head of a request to an aim, up to the value of `content-length`.
    pub(super) fn head_of(&self, aim: usize) -> &str {
        &self.heads[aim]
    }
}

/// One round of turns, spread evenly: the aim that is furthest behind its share is next.
fn turns(shares: &[u32]) -> Result<Vec<usize>, PlanError> {
    let total: u64 = shares.iter().copied().map(u64::from).sum();
    if !(1..=u64::from(SHARES_LIMIT)).contains(&total) {
        return Err(PlanError::Shares);
    }
    let mut owed = vec![0_i64; shares.len()];
    let mut turns = Vec::with_capacity(total as usize);
    for _ in 0..total {
        for (owed, share) in owed.iter_mut().zip(shares) {
            *owed += i64::from(*share);
        }
        let next = (0..owed.len()).rev().max_by_key(|index| owed[*index]).expect("the total is above zero");
        owed[next] -= total as i64;
        turns.push(next);
    }
    Ok(turns)
}

fn head(target: &Target, headers: &[(HeaderName, HeaderValue)]) -> String {
    let mut head = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n",
        target.path(),
        target.address().addr()
    );
    for (name, value) in headers {
        write!(head, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()))
            .expect("a string takes every write");
    }
    head.push_str("content-length: ");
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_follow_the_shares() {
        assert_eq!(turns(&[1]).unwrap(), [0]);
        assert_eq!(turns(&[1, 1]).unwrap(), [0, 1]);
        assert_eq!(turns(&[3, 1]).unwrap(), [0, 0, 1, 0]);
        assert_eq!(turns(&[0, 2]).unwrap(), [1, 1]);
        assert!(turns(&[0]).is_err());
        assert!(turns(&[u32::MAX, u32::MAX]).is_err());
    }

    #[test]
    fn impossible_plans_are_refused() {
        let aim = |url: &str| Aim { target: url.parse().unwrap(), share: 1, fanout: 1 };
        let template = Template::new("{MARK}", 0).unwrap();
        let plan = |aims| Plan::new(aims, &[], template.clone());
        assert!(matches!(plan(vec![]), Err(PlanError::NoAim)));
        let two = vec![aim("http://127.0.0.1:1/"), aim("http://127.0.0.1:2/")];
        assert!(matches!(plan(two), Err(PlanError::SeveralServers(_))));
        let with = |change: fn(&mut Plan)| {
            let mut plan = plan(vec![aim("http://127.0.0.1:1/")]).unwrap();
            change(&mut plan);
            plan.check()
        };
        assert!(with(|_| {}).is_ok());
        assert!(matches!(with(|plan| plan.connections = 0), Err(PlanError::Connections)));
        assert!(matches!(with(|plan| plan.rate = Some(f64::NAN)), Err(PlanError::Rate)));
    }
}
