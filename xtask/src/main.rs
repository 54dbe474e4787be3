//! The chores of this repository, run as `cargo xtask CHORE`.
//!
//! Everything that a contributor or the continuous integration runs is here, so that both run the same. In reading
//! order: [`test`] is the whole check, made of [`step`]s, and [`count`]s the tests; [`tools`] installs what some tests
//! need, [`postgres`] runs the server that others need, [`chromium`] finds a browser, and [`debian`] installs either;
//! [`deps`] judges what the binary is made of, [`vendor`] what the pages are; [`torture`], [`reference`] and [`size`] are
//! small; [`process`] and [`workspace`] are what they share. `layers` has no chore: its tests hold the crates and modules
//! to the architecture.
//!
//! Deliberately absent: releasing, and anything that needs an account.

mod test;

mod again;
mod chromium;
mod count;
mod debian;
mod postgres;
mod step;
mod tools;

mod deps;
mod vendor;

mod reference;
mod size;
mod torture;

mod process;
mod workspace;

#[cfg(test)]
mod layers;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The chores of this repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Checks everything: formatting, dependencies, lints, and all tests. What passes here passes in review.
    Test(test::Arguments),
    /// Checks what the binary is made of: banned crates, double versions, licences, and where crates come from.
    Deps,
    /// Checks that what others made of the pages is as it was published, offline.
    VendorCheck,
    /// Fetches what others made of the pages again, with npm.
    VendorUpdate,
    /// Installs what some tests need, as `test` does, to run single tests by hand.
    Tools,
    /// Kills the server again and again while it works, and checks that nothing acknowledged is lost; or does all that
    /// can happen to several nodes and their database.
    Torture(torture::Arguments),
    /// Writes the documents again that are made from code.
    Reference {
        /// Only say whether they are up to date.
        #[arg(long)]
        check: bool,
    },
    /// Prints the size of the release binary that was built last.
    Size,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Test(arguments) => test::run(&arguments),
        Chore::Deps => deps::check(),
        Chore::VendorCheck => vendor::check().map(|note| println!("{note}")),
        Chore::VendorUpdate => vendor::update(),
        Chore::Tools => tools::install(true).map(drop),
        Chore::Torture(arguments) => torture::run(&arguments),
        Chore::Reference { check } => reference::run(check),
        Chore::Size => size::print(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: failed to {error:#}");
            ExitCode::FAILURE
        }
    }
}
