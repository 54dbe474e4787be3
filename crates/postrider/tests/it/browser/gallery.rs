//! The pages that are shown to people who have not seen them, at the end of a day with real traffic, and what can be done
//! with a chart there.

use serde_json::json;

use super::day::Day;
use super::look;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_day_is_fit_to_show_and_its_charts_lead_to_lists() {
    let day = Day::passed().await;
    let scene = json!({
        "open": day.server.first_link(),
        "pages": [
            ["overview", day.path("overview")],
            ["deliveries", day.path("deliveries")],
            ["delivery", day.delivery("status:retrying%20code:503").await],
            ["issues", day.path("issues")],
            ["analytics", day.path("analytics")],
            ["event-type", day.path("event-types/invoice.paid")],
        ],
        "overview": day.path("overview"),
        "deliveries": day.path("deliveries"),
    });
    look("gallery", day.server.address, &scene).await;
}
