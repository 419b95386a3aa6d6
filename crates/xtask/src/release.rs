//! What is given to others: versions that agree, notes and packages.

mod api;
mod archive;
mod around;
mod changelog;
mod components;
mod deb;
pub(crate) mod publish;
mod versions;
mod workflows;

pub(crate) use self::api::check as check_api;
pub(crate) use self::archive::pack;
pub(crate) use self::changelog::print_notes;
pub(crate) use self::components::list as list_components;
pub(crate) use self::deb::build as build_deb;

use crate::workspace::Workspace;

/// The checks that take seconds: versions, the changelog and the workflows.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    versions::check(workspace)?;
    changelog::check(workspace)?;
    workflows::check(workspace)
}

/// That a tag is the version's.
pub(crate) fn check_tag(workspace: &Workspace, tag: &str) -> anyhow::Result<()> {
    versions::check_tag(workspace, tag)
}
