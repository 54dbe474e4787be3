//! What a request to a source may take, and where none of them leads.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{SECRET, SOURCES, Scene, path_of, send};
use crate::support::{Server, raw};

#[tokio::test]
async fn an_unknown_address_is_nothing_and_never_gone() {
    let scene = Scene::new("github", json!({"secret": SECRET})).await;
    let good = scene.source.address.clone();
    let unknown =
        ["/in/abc".to_owned(), format!("/in/{}", "a".repeat(32)), format!("{good}x"), "/in/%00".to_owned()];
    let nothing = scene.client.get("/no/such/path").await;
    for address in &unknown {
        for method in [Method::POST, Method::GET, Method::HEAD] {
            let reply = scene.client.without_key().ask(method.clone(), address).send().await;
            assert_eq!(reply.status, 404, "{method} {address}");
            assert!(
                method == Method::HEAD || reply.body == nothing.body,
                "no word more than elsewhere: {reply}"
            );
        }
    }
    scene.client.delete(&scene.source.path).await.must(204);
    assert_eq!(scene.send_signed(SECRET, &[], "{}").await.status, 404, "a deleted one");
}

#[tokio::test]
async fn a_replaced_address_is_good_for_two_days() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    let old = scene.source.address.clone();
    let rotated =
        scene.client.post(&format!("{}/token/rotate", scene.source.path), json!({})).await.must(200);
    let new = path_of(rotated["ingestUrl"].as_str().unwrap());
    assert_ne!(old, new);
    let shown = scene.client.get(&scene.source.path).await.must(200);
    assert_eq!(shown["ingestUrl"], rotated["ingestUrl"]);
    send(&scene.client, &old, &[], "1").await.must(200);
    send(&scene.client, &new, &[], "2").await.must(200);
    scene.server.clock.advance(Duration::from_secs(49 * 3_600));
    assert_eq!(send(&scene.client, &old, &[], "3").await.status, 404);
    send(&scene.client, &new, &[], "4").await.must(200);
}

#[tokio::test]
async fn a_large_body_is_refused_and_never_cut() {
    let server = Server::builder().set("limits.receive_body", "1KiB").start().await;
    let scene = Scene::on(server, "generic-webhook", json!({})).await;
    scene.send(&[], &"x".repeat(1_024)).await.must(200);
    let address = scene.source.address.as_str();
    let announced = format!(
        "POST {address} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1000000000\r\n\r\nx"
    );
    let chunked = format!(
        "POST {address} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
         401\r\n{}\r\n0\r\n\r\n",
        "x".repeat(0x401)
    );
    for request in [announced, chunked] {
        let said = raw(scene.server.address, &request).await;
        assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    }
    scene.receiver.wait("/hook", 1).await;
    assert_eq!(scene.receptions().await.len(), 1);
}

#[tokio::test]
async fn looking_makes_no_event() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    for (method, status) in
        [(Method::GET, 200), (Method::HEAD, 200), (Method::OPTIONS, 405), (Method::TRACE, 405)]
    {
        let reply = scene.client.without_key().ask(method.clone(), &scene.source.address).send().await;
        assert_eq!(reply.status, status, "{method}");
    }
    assert_eq!(scene.receptions().await.len(), 0);
}

#[tokio::test]
async fn a_way_in_circles_ends() {
    let scene = Scene::new("generic-webhook", json!({})).await;
    for (hops, status) in [("7", 200), ("8", 508), ("x", 508)] {
        let body = format!("\"{hops}\"");
        assert_eq!(scene.send(&[("postrider-hops", hops)], &body).await.status, status, "{hops}");
    }
    let arrived = &scene.receiver.wait("/hook", 1).await[0];
    assert_eq!(arrived.header("postrider-hops"), "8");
}

#[tokio::test]
async fn overload_is_ours_and_passes() {
    let server = Server::start().await;
    let source = super::Source::new(&server.client(), "generic-webhook", json!({})).await;
    let data = server.stop().await;
    // No place for any request to a source.
    let server = Server::builder().data(data).config(|config| config.limits.requests = 0).start().await;
    let reply = send(&server.client(), &source.address, &[], "{}").await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, "5"), "{reply}");
}

#[tokio::test]
async fn sources_have_a_place_of_their_own() {
    let scene = Scene::new("github", json!({"secret": SECRET})).await;
    let apps = scene.client.get("/api/v1/app").await.must(200);
    assert_eq!(apps["data"], json!([]), "the hidden application is in no list");
    let app = scene.server.context().store.clone();
    let id = scene.source.path.rsplit('/').next().unwrap().parse().unwrap();
    let system = postrider_core::scope::SystemScope::assume();
    let environment =
        scene.server.context().store.environments(system.instance()).await.unwrap().remove(0).id;
    let source = app
        .source(system.environment(environment), &postrider_core::app::Ref::Id(id))
        .await
        .unwrap()
        .unwrap();
    for path in ["", "/endpoint", "/msg"] {
        let reply = scene.client.get(&format!("/api/v1/app/{}{path}", source.app)).await;
        assert_eq!(reply.status, 404, "{reply}");
    }
    assert_eq!(scene.client.delete(&format!("/api/v1/app/{}", source.app)).await.status, 404);
    assert_eq!(scene.client.get(SOURCES).await.must(200)["data"].as_array().unwrap().len(), 1);
}
