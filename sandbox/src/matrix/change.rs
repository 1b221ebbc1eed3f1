//! What people do between two runs: they rename, delete, add and edit.

use crate::cloud::PullRequestState;
use crate::dice::Dice;
use crate::missing::Missing;
use crate::{cloud, datacenter};

/// The number of worlds that follow the first one.
pub(super) const STEPS: u64 = 2;

/// Changes a workspace as it is changed before the `step`-th run; the same for the same step.
pub(super) fn cloud(world: &mut cloud::World, seed: u64, step: u64) -> Result<(), Missing> {
    let mut dice = Dice::new(seed, &[0xC1, step]);
    let slugs = &mut world.repository_slugs();
    let (removed, renamed, edited, moved) =
        (take(slugs, &mut dice), take(slugs, &mut dice), take(slugs, &mut dice), take(slugs, &mut dice));
    world.remove_repository(&removed)?;
    world.rename_repository(&renamed, &format!("renamed-{step}"))?;
    let added = world.add_repository(&format!("added-{step}"));
    world.write_file(&edited, "README.md", Some(&format!("# Edited {step}\n")))?;
    world.move_to_front(&moved)?;
    let open = world.pull_request_ids(&edited, &[PullRequestState::Open])?;
    if let [first, second, third, ..] = open.as_slice() {
        world.merge(&edited, *first)?;
        world.remove_pull_request(&edited, *second)?;
        let title = Some(format!("Another title {step}"));
        world.update_pull_request(&edited, *third, cloud::PullRequestEdit { title, ..Default::default() })?;
    }
    world.open_pull_request(&edited, &format!("Opened {step}"))?;
    world.open_pull_request(&added, &format!("Opened in the new one {step}"))?;
    Ok(())
}

/// The same for an instance of Data Center.
pub(super) fn datacenter(world: &mut datacenter::World, seed: u64, step: u64) -> Result<(), Missing> {
    let mut dice = Dice::new(seed, &[0xDC, step]);
    let names = &mut world.repository_names();
    let (removed, renamed, edited, moved) =
        (take(names, &mut dice), take(names, &mut dice), take(names, &mut dice), take(names, &mut dice));
    let project = world.project_keys().first().cloned().unwrap_or_default();
    world.remove_repository(&removed.0, &removed.1)?;
    world.rename_repository(&renamed.0, &renamed.1, &format!("renamed-{step}"))?;
    world.add_repository(&project, &format!("added-{step}"))?;
    world.add_project(&format!("NEW{step}"), &format!("New {step}"));
    world.describe_repository(&edited.0, &edited.1, &format!("Edited {step}"))?;
    world.move_to_front(&moved.0, &moved.1)?;
    let open = world.pull_request_ids(&edited.0, &edited.1, Some(datacenter::PullRequestState::Open))?;
    if let [first, second, third, ..] = open.as_slice() {
        world.merge(&edited.0, &edited.1, *first)?;
        world.remove_pull_request(&edited.0, &edited.1, *second)?;
        let title = Some(format!("Another title {step}"));
        let change = datacenter::PullRequestEdit { title, ..Default::default() };
        world.update_pull_request(&edited.0, &edited.1, *third, change)?;
    }
    world.open_pull_request(&edited.0, &edited.1, &format!("Opened {step}"))?;
    Ok(())
}

/// Takes one out, so that each change has a repository of its own.
fn take<T: Default>(from: &mut Vec<T>, dice: &mut Dice) -> T {
    if from.is_empty() { T::default() } else { from.swap_remove(dice.position(from.len())) }
}
