//! Prints `docs/providers.md`, for `cargo xtask reference`.

fn main() {
    print!("{}", postrider_core::inbound::reference());
}
