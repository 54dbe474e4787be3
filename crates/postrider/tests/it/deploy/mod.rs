//! The files of `deploy/`, judged without a container, a cluster, or systemd as the first process.
//!
//! Image, Compose file, unit and chart say the same things four times over, in four languages, and repeat what the
//! program says of itself. [`agreement`] holds them to each other; [`settings`] and [`commands`] ask the real program
//! whether it knows the variables and arguments that they give it; [`values`] compares the chart's values with their
//! schema and their uses; [`chart`] looks at what Helm's own library [renders](rendered); [`linters`] has the tools of
//! each format. They read the files through [`files`].
//!
//! Deliberately absent: building the image and running any of it, which needs what these tests must do without.

mod files;

mod agreement;
mod commands;
mod settings;
mod values;

mod chart;
mod rendered;

mod linters;

/// Variables that the files set and the program is still to learn.
const COMING_VARIABLES: [&str; 0] = [];
/// Commands that the files give and the program is still to learn.
const COMING_COMMANDS: [&str; 0] = [];
