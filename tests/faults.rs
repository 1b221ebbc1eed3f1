//! A seeded part of the fault matrix; the whole is run by `cargo xtask faults`.

use std::path::Path;

use bitbucket_port_sandbox::matrix::{Bench, Product, Program, Target, sample};
use rstest::rstest;

/// Cases of each product and target.
const CASES: usize = 4;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrongly_deleted_or_lost(
    #[values(Product::Cloud, Product::DataCenter)] product: Product,
    #[values(Target::Port, Target::Sqlite)] target: Target,
) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = Program::at(Path::new(env!("CARGO_BIN_EXE_bitbucket-port")));
    let bench = Bench::prepare(product, target, 1, &program, folder.path()).await.expect("a bench");
    for case in sample(&bench, CASES) {
        let outcome = bench.run(&case).await;
        assert!(outcome.is_right(), "{outcome:#?}");
    }
}
