//! A server whose disk fails when a test says so: see `shim/fault.c`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use crate::support::{Binary, DataDir, KEY, skip};

/// A fault, by the name of the switch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// Whatever needs room fails.
    Full,
    /// Nothing can be made durable.
    Sync,
}

/// Where the shim and its switches are.
pub(super) struct Disk {
    control: tempfile::TempDir,
    library: PathBuf,
    pub(super) data: DataDir,
}

impl Disk {
    /// A disk that works so far. `None`, after saying so, where the shim cannot be built or has no effect.
    pub(super) fn new() -> Option<Self> {
        if !cfg!(all(target_os = "linux", target_env = "gnu")) {
            skip("faults of the disk are made by preloading a library, which only works with glibc");
            return None;
        }
        let control = tempfile::tempdir().unwrap();
        let library = control.path().join("fault.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/shim/fault.c");
        let compiler = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(source)
            .arg("-ldl")
            .output();
        match compiler {
            Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => {
                skip(&format!("there is no C compiler: {error}"));
                return None;
            }
        }
        Some(Self { control, library, data: Arc::new(tempfile::tempdir().unwrap()) })
    }

    /// Starts a server on this disk.
    pub(super) async fn serve(&self) -> Binary {
        // The kernel names a file by its real path.
        let data = self.data.path().canonicalize().unwrap();
        let variables = [
            ("POSTRIDER_BOOTSTRAP_KEY", KEY),
            ("LD_PRELOAD", self.library.to_str().unwrap()),
            ("FAULT_DIR", data.to_str().unwrap()),
            ("FAULT_CONTROL", self.control.path().to_str().unwrap()),
        ];
        Binary::start(&["serve", "--set", "egress.allow=127.0.0.0/8"], &variables, Arc::clone(&self.data))
            .await
    }

    /// From now on it fails like this.
    pub(super) fn fail(&self, fault: Fault) {
        std::fs::write(self.switch(fault), "").unwrap();
    }

    /// From now on it does not any more.
    pub(super) fn mend(&self, fault: Fault) {
        std::fs::remove_file(self.switch(fault)).unwrap();
    }

    fn switch(&self, fault: Fault) -> PathBuf {
        self.control.path().join(match fault {
            Fault::Full => "full",
            Fault::Sync => "sync",
        })
    }
}
