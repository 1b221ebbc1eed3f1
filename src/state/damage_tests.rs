//! A state file with flipped bits or a missing end is never believed where it is wrong.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::catalog::EntityId;
use crate::sqlite::SqliteError;

const ROWS: usize = 120;
/// Spooled rows that are done.
const DONE: u32 = 20;
const ROOT: RootDone = RootDone { listed: 120, several: true };
const WITHIN: std::time::Duration = std::time::Duration::from_secs(86_400);

fn entity(n: usize) -> EntityId {
    EntityId { blueprint: "repo".to_owned(), identifier: format!("repository-{n:03}") }
}

fn provenance(n: usize) -> Provenance {
    let trace = Trace {
        resource: Some("1-repository".to_owned()),
        source_key: Some(format!("{{key-{n}}}")),
        parent_key: (n.is_multiple_of(2)).then(|| format!("{{parent-{n}}}")),
        stable: n.is_multiple_of(3).then(|| format!("repository/{n}")),
    };
    Provenance { entity: entity(n), trace, hash: Some(Fingerprint::of(&n.to_string())) }
}

fn spooled(n: usize) -> (String, String) {
    (format!("{{key-{n}}}"), format!("{{\"slug\":\"repository-{n}\"}}"))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A file with rows in every table, closed cleanly in the middle of a sync.
static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    block_on(async {
        let state = State::open(&path).await.unwrap().state;
        let catalog = state.catalog("sqlite:/catalog.db#me").await.unwrap();
        let sync = catalog.begin_resumable("basis").await.unwrap();
        catalog.owned_begin(sync).await.unwrap();
        catalog.owned_add(sync, (0..ROWS).map(entity).collect()).await.unwrap();
        catalog.owned_end(sync).await.unwrap();
        catalog.record(sync, (0..ROWS / 2).map(provenance).collect()).await.unwrap();
        catalog.spool().push("pull-requests", (0..ROWS).map(spooled).collect()).await.unwrap();
        let done = catalog.spool().take("pull-requests", DONE).await.unwrap();
        catalog.spool().done(done.iter().map(|item| (item.id, Pages::One)).collect()).await.unwrap();
        catalog.root_done("repository", ROOT).await.unwrap();
        catalog.relate(vec![1, 2, 3]).await.unwrap();
        state.put("windows", "[1,2,3]".to_owned()).await.unwrap();
        state.close().await.unwrap();
    });
    std::fs::read(&path).unwrap()
});

/// Errors that say that the file is damaged, or that it may be from a newer version.
fn told(error: &StateError) -> bool {
    match error {
        StateError::File(error) => matches!(error, SqliteError::Damaged { .. } | SqliteError::Newer { .. }),
        StateError::Catalog { .. } => false,
        StateError::DamagedSpool { .. } | StateError::NotListed { .. } => true,
    }
}

/// Opens a file and compares everything that it says with the truth.
async fn believe_nothing_wrong(path: PathBuf) -> Result<Origin, StateError> {
    let opened = State::open(&path).await?;
    let state = &opened.state;
    let result = compare(state).await;
    state.close().await.ok();
    result.map(|()| opened.origin)
}

async fn compare(state: &State) -> Result<(), StateError> {
    assert!(state.get("windows").await?.is_none_or(|value| value == "[1,2,3]"));
    let catalog = state.catalog("sqlite:/catalog.db#me").await?;
    let all = catalog.known("repo", (0..ROWS).map(|n| entity(n).identifier).collect()).await?;
    for n in 0..ROWS {
        let Some(known) = all.get(&entity(n).identifier) else { continue };
        let truth = provenance(n);
        assert!(known.hash.is_none() || known.hash == truth.hash);
        assert!(known.trace == Trace::default() || known.trace == truth.trace, "{known:?}");
    }
    if let Interrupted::Usable(checkpoint) = catalog.interrupted("basis", WITHIN).await? {
        // A lost row would be a listing that nobody makes, and so a wrong deletion.
        assert_eq!((checkpoint.done, checkpoint.left), (DONE.into(), ROWS as u64 - u64::from(DONE)));
        assert!(checkpoint.roots.values().all(|root| *root == ROOT) && checkpoint.several.is_empty());
        assert_eq!(checkpoint.related, [1, 2, 3]);
        let sync = checkpoint.sync;
        for (unseen, trace) in catalog.unseen(sync, "repo", None, 1000).await? {
            let n = (0..ROWS).find(|n| entity(*n) == unseen).expect("a name that is in the listing");
            assert!(trace == Trace::default() || trace == provenance(n).trace);
        }
        for item in catalog.spool().take("pull-requests", 1000).await? {
            assert!((0..ROWS).any(|n| spooled(n) == (item.parent_key.clone(), item.payload.clone())), "{item:?}");
        }
    }
    let sync = catalog.begin_sync().await?;
    catalog.record(sync, vec![provenance(1)]).await?;
    catalog.finish_sync(sync, "{}".to_owned(), true).await
}

fn examine(bytes: &[u8], folder: &Path) -> Result<Origin, StateError> {
    let path = folder.join("state.db");
    std::fs::write(&path, bytes).unwrap();
    block_on(believe_nothing_wrong(path))
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    if let Err(error) = examine(bytes, folder.path()) {
        prop_assert!(told(&error), "{error:?}");
        // The damage was met while working; the next start must come through.
        if !matches!(error, StateError::File(SqliteError::Newer { .. })) {
            let again = block_on(State::open(&folder.path().join("state.db")));
            prop_assert!(again.is_ok(), "{again:?}");
        }
    }
    Ok(())
}

#[test]
fn an_undamaged_file_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(examine(&WHOLE, folder.path()).unwrap(), Origin::Existing);
}

#[test]
fn a_cut_off_file_is_replaced() {
    for length in [1, 99, 100, 4096, WHOLE.len() / 2, WHOLE.len() - 4096, WHOLE.len() - 1] {
        let folder = tempfile::tempdir().unwrap();
        let origin = examine(&WHOLE[..length], folder.path());
        // A single byte may be missing from a text or a sum only; then its row gives it away, and the examination has
        // seen that nothing wrong is believed.
        if length == WHOLE.len() - 1 && origin.is_ok() {
            continue;
        }
        let noticed = matches!(origin, Ok(Origin::Replaced { .. }) | Err(StateError::DamagedSpool { .. }));
        assert!(noticed, "{length}: {origin:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bits_are_noticed_or_harmless(flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4)) {
        let mut bytes = WHOLE.clone();
        for (position, bit) in flips {
            *position.get_mut(&mut bytes) ^= 1 << bit;
        }
        check(&bytes)?;
    }

    #[test]
    fn flipped_bits_of_the_header_are_noticed_or_harmless(position in 0..108_usize, bit in 0..8_u8) {
        let mut bytes = WHOLE.clone();
        bytes[position] ^= 1 << bit;
        check(&bytes)?;
    }

    #[test]
    fn a_torn_page_is_noticed_or_harmless(page in any::<prop::sample::Index>(), fill in any::<u8>(), from in 0..4096_usize) {
        let mut bytes = WHOLE.clone();
        let start = page.index(bytes.len() / 4096) * 4096;
        bytes[start + from..start + 4096].fill(fill);
        check(&bytes)?;
    }
}
