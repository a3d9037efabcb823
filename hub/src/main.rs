//! The `nayose` binary; everything is in the library beside it.

/// Many small values live for one request on one thread and go at its end. The engine below, written in C++, gets the same
/// allocator, since its blocks are what is allocated most.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    hub::cli::run(std::env::args_os())
}
