//! The program: parses the command line and hands over to the library.

use bitbucket_port::cli::{Exit, run};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Exit {
    run()
}
