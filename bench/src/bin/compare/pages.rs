//! Times of list pages.

use crate::{server::Server, sheet::Sheet, subject::APP};

/// Reads of each page; the first ones, which find nothing in memory, count too.
const READS: usize = 20;

/// Adds the median and the slowest read of the pages that people open most.
pub(crate) async fn time(server: &Server, sheet: &mut Sheet) -> anyhow::Result<()> {
    let messages = format!("/api/v1/app/{APP}/msg");
    let (first, _) = server.rest().page(&format!("{messages}?limit=250")).await?;
    let iterator = first["iterator"].as_str().unwrap_or_default();
    let pages = [
        ("messages", format!("{messages}?limit=50")),
        ("messages, 250", format!("{messages}?limit=250")),
        ("messages, second page", format!("{messages}?limit=50&iterator={iterator}")),
        ("messages, none as old", format!("{messages}?limit=50&before=1970-01-02T00:00:00Z")),
        ("attempts of an endpoint", format!("/api/v1/app/{APP}/attempt/endpoint/one?limit=50")),
        (
            "failed attempts of an endpoint",
            format!("/api/v1/app/{APP}/attempt/endpoint/one?limit=50&status=2"),
        ),
        ("messages of an endpoint", format!("/api/v1/app/{APP}/endpoint/one/msg?limit=50")),
        ("applications", "/api/v1/app?limit=50".to_owned()),
    ];
    for (name, path) in pages {
        let mut times = Vec::with_capacity(READS);
        for _ in 0..READS {
            times.push(server.rest().page(&path).await?.1.as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        sheet.add(&format!("page: {name}, median"), "ms", times[READS / 2]);
        sheet.add(&format!("page: {name}, slowest"), "ms", times[READS - 1]);
    }
    Ok(())
}
