//! The `unoc` program; everything is in the library.

fn main() -> std::process::ExitCode {
    unoc::cli::run()
}
