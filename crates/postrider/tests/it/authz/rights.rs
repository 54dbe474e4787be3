//! What a token of the portal may do: every operation with each single capability.
//!
//! An operation has one right, or takes one that no token of the portal has. Every token asks for everything, those that must
//! be refused first: nothing may change then. The one that may do it comes last, and is not told that it may not.

use std::collections::BTreeMap;

use super::attackers::Attackers;
use super::operations::{self, Access};
use super::victim::Victim;
use super::{ask, described, everything};
use crate::support::Server;

const CAPABILITIES: [&str; 6] = [
    "ViewBase",
    "ViewEndpointSecret",
    "ManageEndpointSecret",
    "ManageTransformations",
    "CreateAttempts",
    "ManageEndpoint",
];

/// The capability that an operation takes; `None` for those that no token of the portal may use.
fn capability(id: &str) -> Option<&'static str> {
    Some(match id {
        "application.get"
        | "event_type.list"
        | "event_type.get"
        | "endpoint.list"
        | "endpoint.get"
        | "endpoint.get_headers"
        | "endpoint.get_stats"
        | "message.precheck"
        | "message.list"
        | "message.get"
        | "message_attempt.list_by_endpoint"
        | "message_attempt.list_by_msg"
        | "message_attempt.list_attempted_messages"
        | "message_attempt.list_attempted_destinations"
        | "message_attempt.get"
        | "background_task.get"
        | "issue.get" => "ViewBase",
        "endpoint.get_secret" => "ViewEndpointSecret",
        "endpoint.rotate_secret" => "ManageEndpointSecret",
        "endpoint.recover"
        | "endpoint.replay_missing"
        | "endpoint.bulk_replay"
        | "endpoint.send_example"
        | "message.replay"
        | "message_attempt.resend"
        | "delivery.skip"
        | "background_task.cancel"
        | "issue.patch"
        | "issue.replay" => "CreateAttempts",
        "endpoint.create"
        | "endpoint.upsert"
        | "endpoint.patch"
        | "endpoint.delete"
        | "endpoint.set_headers"
        | "endpoint.patch_headers" => "ManageEndpoint",
        _ => return None,
    })
}

/// Whether this walk is about an operation. Those of searching and numbers say themselves whom they are for.
fn is_walked(operation: &operations::Operation) -> bool {
    !matches!(operation.access, Access::Open | Access::AnyKey | Access::Portal | Access::Reached)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_capability_allows_just_what_it_says() {
    let server = Server::builder().set("bins.enabled", "true").start().await;
    let attackers = Attackers::new(&server).await;
    let routes: BTreeMap<_, _> =
        described().into_iter().map(|(id, method, path)| (id, (method, path))).collect();
    let mut allowed = 0;
    for (number, operation) in operations::ALL.iter().enumerate().filter(|(_, one)| is_walked(one)) {
        let (method, template) = &routes[operation.id];
        let victim = Victim::new(&server, &attackers, number).await;
        let (path, body) = (victim.by_id(template), victim.fill_body(&(operation.body)()));
        let right = capability(operation.id);
        let before = everything(&server).await;
        for one in CAPABILITIES.iter().filter(|one| Some(**one) != right) {
            let reply = ask(&victim.portal(&server, Some(&[one])).await, method, &path, &body).await;
            assert_eq!(reply.status, 403, "{} with {one}: {reply}", operation.id);
            assert_eq!(reply.json()["code"], "insufficient access", "{} with {one}", operation.id);
        }
        assert_eq!(everything(&server).await, before, "{} changed something", operation.id);
        if let Some(one) = right {
            allowed += 1;
            let reply = ask(&victim.portal(&server, Some(&[one])).await, method, &path, &body).await;
            assert!((200..300).contains(&reply.status), "{} with {one}: {reply}", operation.id);
        }
        victim.leave(&server).await;
    }
    assert_eq!(allowed, 35, "all operations of a customer were walked");
}
