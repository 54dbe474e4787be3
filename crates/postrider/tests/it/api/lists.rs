//! Pages: every list, both ways, both orders, no row lost and none twice.

use serde_json::{Value, json};

use crate::support::{Client, Scene};

/// The rows of a page, as the field that names them.
fn rows(page: &Value, name: &str) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row[name].as_str().unwrap().to_owned()).collect()
}

async fn page(client: &Client, path: &str, query: &str) -> Value {
    let sign = if path.contains('?') { '&' } else { '?' };
    client.get(&format!("{path}{sign}{query}")).await.must(200)
}

/// Walks forward with `limit`, then back again, and gives what was met on the way forward.
async fn walk(client: &Client, path: &str, name: &str, limit: usize, order: &str) -> Vec<String> {
    let (mut all, mut pages, mut iterator) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = page(client, path, &format!("limit={limit}{order}{iterator}")).await;
        let rows = rows(&page, name);
        assert!(rows.len() <= limit);
        all.extend(rows.clone());
        pages.push((rows, page.clone()));
        if page["done"] == true {
            break;
        }
        iterator = format!("&iterator={}", page["iterator"].as_str().unwrap());
        assert!(pages.len() < 50, "the walk ends");
    }
    for index in (1..pages.len()).rev() {
        let back = pages[index].1["prevIterator"].as_str().unwrap();
        let page = page(client, path, &format!("limit={limit}{order}&iterator={back}")).await;
        assert_eq!(rows(&page, name), pages[index - 1].0, "back from page {index} of {path}");
    }
    all
}

#[tokio::test]
async fn every_list_is_walked_both_ways_in_both_orders() {
    const COUNT: usize = 7;
    let scene = Scene::new().await;
    let mut message = String::new();
    for n in 0..COUNT {
        scene.client.post("/api/v1/app", json!({"name": format!("app {n}")})).await.must(201);
        let event_type = json!({"name": format!("type-{}", (n * 3) % COUNT), "description": ""});
        scene.client.post("/api/v1/event-type", event_type).await.must(201);
        message = scene.publish(n as u64).await;
        scene.attempts(&message, 1).await;
    }
    for n in 1..COUNT {
        scene.add_endpoint(&format!("/{n}"), json!({})).await;
    }
    let many = scene.publish(99).await;
    scene.attempts(&many, COUNT).await;

    let (app, endpoint) = (&scene.app, &scene.endpoint_id);
    for (path, name, ascends, count, ordered) in [
        ("/api/v1/app".to_owned(), "id", true, COUNT + 1, true),
        ("/api/v1/event-type".to_owned(), "name", true, COUNT, true),
        (format!("{app}/endpoint"), "id", false, COUNT, true),
        (format!("{app}/msg"), "id", false, COUNT + 1, false),
        (format!("{app}/attempt/msg/{many}"), "id", false, COUNT, false),
        (format!("{app}/attempt/endpoint/{endpoint}"), "id", false, COUNT + 1, false),
        (format!("{app}/endpoint/{endpoint}/msg"), "id", false, COUNT + 1, false),
        (format!("{app}/msg/{many}/endpoint"), "id", false, COUNT, false),
    ] {
        for limit in [1, 2, 3, COUNT, 250] {
            let natural = walk(&scene.client, &path, name, limit, "").await;
            assert_eq!(natural.len(), count, "{path} by {limit}");
            let mut sorted = natural.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!(sorted.len(), count, "no row twice: {path} by {limit}");
            if !ascends {
                sorted.reverse();
            }
            assert_eq!(natural, sorted, "{path} by {limit}");
            if ordered {
                let turned = if ascends { "&order=descending" } else { "&order=ascending" };
                let mut turned = walk(&scene.client, &path, name, limit, turned).await;
                turned.reverse();
                assert_eq!(turned, natural, "{path} turned round by {limit}");
            }
        }
    }
    assert!(!message.is_empty());
}

#[tokio::test]
async fn a_page_has_50_rows_unless_asked_and_250_at_most() {
    let scene = Scene::new().await;
    for n in 0..60 {
        scene.client.post("/api/v1/app", json!({"name": format!("app {n}")})).await.must(201);
    }
    let first = scene.client.get("/api/v1/app").await.must(200);
    assert_eq!((rows(&first, "id").len(), &first["done"]), (50, &json!(false)));
    let rest =
        page(&scene.client, "/api/v1/app", &format!("iterator={}", first["iterator"].as_str().unwrap()))
            .await;
    assert_eq!((rows(&rest, "id").len(), &rest["done"]), (11, &json!(true)));
    page(&scene.client, "/api/v1/app", "limit=250").await;
}

#[tokio::test]
async fn a_poller_goes_on_from_the_end() {
    let scene = Scene::new().await;
    let end = scene.client.get("/api/v1/app").await.must(200);
    assert_eq!(end["done"], true);
    let iterator = end["iterator"].as_str().unwrap();
    let nothing = page(&scene.client, "/api/v1/app", &format!("iterator={iterator}")).await;
    assert_eq!((rows(&nothing, "id").len(), &nothing["iterator"]), (0, &json!(iterator)));
    scene.client.post("/api/v1/app", json!({"name": "new"})).await.must(201);
    let new = page(&scene.client, "/api/v1/app", &format!("iterator={iterator}")).await;
    assert_eq!(rows(&new, "name"), ["new"]);
}

/// A page of the largest messages would have hundreds of megabytes; it ends earlier, both ways, and leaves nothing out.
#[tokio::test]
async fn heavy_pages_end_early_and_go_on() {
    const MESSAGES: usize = 20;
    let scene = Scene::new().await;
    let large = "x".repeat(1_000_000);
    for _ in 0..MESSAGES {
        scene.publish_this(json!({"eventType": "t", "payload": {"large": large}})).await;
    }
    let messages = format!("{}/msg?limit=250", scene.app);
    let attempts = format!("{}/attempt/endpoint/{}?limit=250&with_msg=true", scene.app, scene.endpoint_id);
    scene.receiver.wait("/hook", MESSAGES).await;
    for list in [messages, attempts] {
        for cursor in ["iterator", "prevIterator"] {
            let (mut seen, mut from) = (std::collections::BTreeSet::new(), String::new());
            if cursor == "prevIterator" {
                let all = scene.client.get(&format!("{list}&with_content=false")).await.must(200);
                let last = all["data"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap();
                seen.insert(last.to_owned());
                from = format!("&iterator=-{last}");
            }
            let mut pages = 0;
            loop {
                let reply = scene.client.get(&format!("{list}{from}")).await;
                assert!(reply.text().len() < 10_000_000, "{}", reply.text().len());
                let page = reply.must(200);
                for row in page["data"].as_array().unwrap() {
                    assert!(seen.insert(row["id"].as_str().unwrap().to_owned()), "twice");
                }
                pages += 1;
                if page["done"] == true {
                    break;
                }
                from = format!("&iterator={}", page[cursor].as_str().unwrap());
            }
            assert_eq!(seen.len(), MESSAGES, "{list} {cursor}");
            // A slow machine may end a page sooner.
            assert!(pages >= 3, "{list} {cursor}: {pages} pages");
        }
    }
}
