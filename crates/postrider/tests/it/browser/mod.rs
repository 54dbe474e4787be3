//! Pages in a real browser: the server of a test, and a script that looks at it.
//!
//! A test prepares what is to be seen, and runs one script of `tests/browser/`, where [`harness.mjs`] holds every page to
//! the same: nothing that axe finds, nothing on the console, no violation of the page's policy, no request to another
//! origin, no sideways scrolling, in both themes and at three widths.
//!
//! [`harness.mjs`]: ../../browser/harness.mjs

mod bin;
mod day;
mod gallery;
mod live;
mod portal;
mod program;
mod source;
mod walk;
mod world;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::support::tool;

/// The longest that a script may take.
const LIMIT: Duration = Duration::from_secs(900);

/// One browser at a time: it takes as much of the machine as there is.
static BROWSER: Mutex<()> = Mutex::const_new(());

/// Runs the script `tests/browser/NAME.mjs` against the server at `address`. The script knows what the test has prepared
/// from `scene`. Where the machine has no browser, that is said, and nothing is run.
async fn look(name: &str, address: SocketAddr, scene: &Value) {
    let Some(browser) = tool("browser/chromium") else { return };
    let _turn = BROWSER.lock().await;
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("node");
    command
        .arg(crate_root.join("tests/browser").join(name).with_extension("mjs"))
        .env("POSTRIDER_URL", format!("http://{address}"))
        .env("POSTRIDER_BROWSER", browser.parent().unwrap())
        .env("POSTRIDER_SCENE", scene.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(pictures) = std::env::var_os("POSTRIDER_TEST_PICTURES") {
        let folder: PathBuf = crate_root.join("../..").join(pictures);
        command.env("POSTRIDER_TEST_PICTURES", folder);
    }
    let ended = tokio::time::timeout(LIMIT, command.output()).await;
    let output = ended.unwrap_or_else(|_| panic!("{name}.mjs takes longer than {LIMIT:?}")).unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{name}.mjs:\n{}{}", text(&output.stdout), text(&output.stderr));
    print!("{}", text(&output.stdout));
}
