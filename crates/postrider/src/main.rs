//! `postrider`: see `postrider --help`.

use std::process::ExitCode;

use clap::Parser as _;
use postrider::cli::exit::Exit;
use postrider::cli::{self, Cli};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Whatever this program writes holds payloads or keys: it is for its owner only, also in a directory that others
    // may enter. Set before there are threads, because it is the process's.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let arguments = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("postrider: failed to start the runtime: {error}");
            return Exit::Failure.into();
        }
    };
    let ended = runtime.block_on(cli::run(arguments));
    // Whatever is still running was told to stop and had its time.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            cli::report(&failure);
            failure.exit.into()
        }
    }
}
