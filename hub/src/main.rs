//! The `nayose` binary; everything is in the library beside it.

fn main() -> std::process::ExitCode {
    hub::cli::run(std::env::args_os())
}
