//! Query strings that mean nothing.

use serde_json::json;

use crate::support::Scene;

#[tokio::test]
async fn bad_cursors_are_refused_on_every_list() {
    let scene = Scene::new().await;
    let message = scene.publish(1).await;
    let (app, endpoint) = (&scene.app, &scene.endpoint_id);
    let own = app.rsplit('/').next().unwrap();
    for path in [
        "/api/v1/app".to_owned(),
        format!("{app}/endpoint"),
        format!("{app}/msg"),
        format!("{app}/attempt/msg/{message}"),
        format!("{app}/attempt/endpoint/{endpoint}"),
        format!("{app}/endpoint/{endpoint}/msg"),
        format!("{app}/msg/{message}/endpoint"),
    ] {
        for cursor in [
            "",
            "-",
            "nonsense",
            "--",
            "%00",
            "sink_000000000000000000000000000",
            "app_1",
            &format!("{own}x"),
            "1%20or%201",
        ] {
            let told = scene.client.get(&format!("{path}?iterator={cursor}")).await.must(422);
            assert_eq!(told["detail"][0]["loc"], json!(["query", "iterator"]), "{path} {cursor}");
        }
        for limit in ["0", "251", "-1", "x", "1.5", "99999999999999999999", ""] {
            let told = scene.client.get(&format!("{path}?limit={limit}")).await.must(422);
            assert_eq!(told["detail"][0]["loc"], json!(["query", "limit"]), "{path} {limit}");
        }
    }
}

#[tokio::test]
async fn values_of_the_wrong_type_are_named() {
    let scene = Scene::new().await;
    let message = scene.publish(1).await;
    let app = &scene.app;
    for (path, name) in [
        ("/api/v1/app?order=sideways".to_owned(), "order"),
        ("/api/v1/app?exclude_apps_with_no_endpoints=perhaps".to_owned(), "exclude_apps_with_no_endpoints"),
        ("/api/v1/event-type?include_archived=2".to_owned(), "include_archived"),
        (format!("{app}/msg?before=yesterday"), "before"),
        (format!("{app}/msg?after=2026-01-01"), "after"),
        (format!("{app}/msg?with_content=maybe"), "with_content"),
        (format!("{app}/attempt/msg/{message}?status=9"), "status"),
        (format!("{app}/attempt/msg/{message}?status=success"), "status"),
        (format!("{app}/attempt/msg/{message}?status_code_class=250"), "status_code_class"),
        (format!("{}/stats?since=x", scene.endpoint), "since"),
    ] {
        let told = scene.client.get(&path).await.must(422);
        assert_eq!(told["detail"][0]["loc"], json!(["query", name]), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_text_is_400_and_unknown_names_are_ignored() {
    let scene = Scene::new().await;
    for query in ["order=%ff", "%c3%28=1", &"a=1&".repeat(300)] {
        let told = scene.client.get(&format!("/api/v1/app?{query}")).await.must(400);
        assert_eq!(told["code"], "generic_error", "{query}");
    }
    for query in ["", "&&", "unknown=1", "unknown[]=1&unknown[x]=2", "%F0%9F%9A%80=1"] {
        scene.client.get(&format!("/api/v1/app?{query}")).await.must(200);
    }
}
