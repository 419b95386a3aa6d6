//! Where the project's files are.

use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{Metadata, MetadataCommand, Package};

/// The workspace as Cargo sees it.
pub(crate) struct Workspace {
    pub(crate) metadata: Metadata,
}

impl Workspace {
    pub(crate) fn find() -> anyhow::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .context("can't read the workspace")?;
        Ok(Self { metadata })
    }

    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// The version of all crates, which is the program's.
    pub(crate) fn version(&self) -> anyhow::Result<String> {
        Ok(self.cli()?.version.to_string())
    }

    /// The oldest Rust that the crates promise to build with, such as `1.94`.
    pub(crate) fn oldest_rust(&self) -> anyhow::Result<String> {
        let oldest = self.cli()?.rust_version.as_ref();
        let oldest = oldest.context("Cargo.toml names no rust-version")?;
        Ok(format!("{}.{}", oldest.major, oldest.minor))
    }

    /// The program's crate.
    pub(crate) fn cli(&self) -> anyhow::Result<&Package> {
        let mut packages = self.metadata.packages.iter();
        let cli = packages.find(|package| package.name.as_str() == "veilcast-cli");
        cli.context("there is no crate of the program")
    }

    pub(crate) fn target(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }
}
