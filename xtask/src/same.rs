//! Which programs of `fuzz` a change leaves as they were.
//!
//! To `deep` a part of fuzzing is stale after any change of the packages it is compiled from, most of which its program has
//! nothing of. So both programs are built, from the commit on which the part was run and from the one that is checked out, in one
//! folder and by one compiler. Where they are the same, byte for byte, the other one would have come to what the first came to.

use std::fs;
use std::path::Path;

use crate::fuzz;
use crate::ledger;
use crate::process::Process;
use crate::workspace::Workspace;

/// Those of the targets, by name, whose program is what it was at the commit `then`.
///
/// # Errors
///
/// Where one of the two cannot be checked out or built.
pub fn since(workspace: &Workspace, then: &str, targets: &[&str]) -> Result<Vec<String>, String> {
    let now = ledger::commit(workspace)?;
    let folder = workspace.target.join("deep/same");
    let tree = folder.join("tree");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if !tree.is_dir() {
        // It has no commits of its own, and sees those that are made later.
        let (from, to) = (workspace.root.to_string_lossy(), tree.to_string_lossy());
        git(&folder, &["clone", "--quiet", "--shared", "--no-checkout", &from, &to])?;
    }
    let wanted = |target: &fuzz::Target| targets.contains(&target.name().as_str());
    let targets: Vec<fuzz::Target> = fuzz::all(workspace).into_iter().filter(wanted).collect();
    let programs = |commit: &str| {
        git(&tree, &["checkout", "--quiet", "--force", "--detach", commit])?;
        fuzz::programs(&tree, &folder, &targets)
    };
    let (before, after) = (programs(then)?, programs(&now)?);
    Ok(alike(targets.iter().map(fuzz::Target::name), &before, &after))
}

/// The names of what is there twice and the same.
fn alike(names: impl Iterator<Item = String>, before: &[Option<Vec<u8>>], after: &[Option<Vec<u8>>]) -> Vec<String> {
    let same = before.iter().zip(after).map(|(before, after)| before.is_some() && before == after);
    names.zip(same).filter(|named| named.1).map(|named| named.0).collect()
}

fn git(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    Process::new("git").args(arguments).dir(folder).limit(120).read().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_as_it_was_where_it_is_there_twice_and_the_same() {
        let names = ["same", "other", "gone", "new", "neither"].map(str::to_owned);
        let before = [Some(vec![1]), Some(vec![1]), Some(vec![1]), None, None];
        let after = [Some(vec![1]), Some(vec![2]), None, Some(vec![1]), None];
        assert_eq!(alike(names.into_iter(), &before, &after), ["same"]);
    }
}
