//! The page of numbers: its heat map, and the files of it.

use super::{Desk, has};

#[tokio::test]
async fn the_heat_map_leads_to_lists_and_comes_as_files() {
    let desk = Desk::new().await;
    assert!(!desk.open("analytics").await.text().contains("how many attempts took how long"), "of nothing");
    desk.scene.attempts(&desk.scene.publish(1).await, 1).await;

    let shown = desk.open("analytics").await;
    has(
        &shown,
        &["Latency, by how many attempts took how long", "A column is 30 min.", "p95", "View as table"],
    );
    let cells: Vec<_> =
        shown.all("href=\"").into_iter().filter(|link| link.contains("deliveries?q=latency%3A%3C")).collect();
    let [cell] = &cells[..] else { panic!("one cell: {cells:?} in {shown}") };
    let listed = desk.admin.open(&cell.replace("&amp;", "&")).await;
    assert_eq!(listed.status, 200, "{listed}");
    assert!(listed.text().contains(desk.app_id()), "the delivery that the cell counts: {listed}");

    let file = desk.open("analytics/latency.csv?span=24h").await;
    assert!(file.text().starts_with("at,from_0_ms,"), "{file}");
    has(&desk.open("analytics/latency.json?span=24h").await, &["\"stepSeconds\":1800", "\"counts\":["]);
}
