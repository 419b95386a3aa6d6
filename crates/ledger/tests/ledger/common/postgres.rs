//! A PostgreSQL server of a test's own.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The account that Debian's package makes: PostgreSQL refuses to run as root.
const ACCOUNT: &str = "postgres";
const USER: &str = "veilcast";

/// A running server, stopped and forgotten when dropped.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    is_root: bool,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        let is_root = output(Command::new("id").arg("-u")).trim() == "0";
        let folder = tempfile::tempdir().unwrap();
        if is_root {
            let id = output(Command::new("id").args(["-u", ACCOUNT]));
            let id = Some(id.trim().parse().unwrap());
            std::os::unix::fs::chown(folder.path(), id, None).unwrap();
        }
        let server = Self {
            programs: programs(),
            folder,
            port: TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port(),
            is_root,
        };
        let initdb = server.program("initdb");
        run(server
            .command(&initdb)
            .args(["-A", "trust", "-U", USER, "-E", "UTF8", "-N", "-D"])
            .arg(server.data()));
        server.start_again();
        server
    }

    /// Starts it after [`Postgres::stop`].
    pub(crate) fn start_again(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={}",
            self.port,
            self.folder.path().display()
        );
        let log = self.folder.path().join("log");
        run(self
            .pg_ctl()
            .args(["-w", "-o", &options, "-l"])
            .arg(log)
            .arg("start"));
    }

    /// Ends it at once, as a failing machine would.
    pub(crate) fn stop(&self) {
        run(self.pg_ctl().args(["-w", "-m", "immediate", "stop"]));
    }

    /// Makes a database; gives its URL.
    pub(crate) fn database(&self, name: &str) -> String {
        let port = self.port.to_string();
        let mut command = Command::new(self.program("createdb"));
        run(command.args(["-h", "127.0.0.1", "-p", &port, "-U", USER, name]));
        format!("postgres://{USER}@127.0.0.1:{port}/{name}")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    fn pg_ctl(&self) -> Command {
        let mut command = self.command(&self.program("pg_ctl"));
        command.arg("-D").arg(self.data());
        command
    }

    /// A command as an account that PostgreSQL accepts.
    fn command(&self, program: &Path) -> Command {
        let mut command = match self.is_root {
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", ACCOUNT, "--"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It may be stopped already.
        let _ = self
            .pg_ctl()
            .args(["-w", "-m", "immediate", "stop"])
            .output();
    }
}

/// The programs of the newest version that Debian's packages have installed.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let mut folders: Vec<_> = folders
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    folders.sort();
    let newest = folders.pop();
    newest
        .expect("these tests need PostgreSQL: `cargo xtask setup` installs it on Debian and Ubuntu")
}

fn run(command: &mut Command) {
    output(command);
}

fn output(command: &mut Command) -> String {
    // A server that goes on in the background keeps whatever output it is given.
    let file = tempfile::tempfile().unwrap();
    let status = command
        .stdout(file.try_clone().unwrap())
        .stderr(file.try_clone().unwrap())
        .status();
    let status = status.unwrap_or_else(|error| panic!("can't run {command:?}: {error}"));
    let mut text = String::new();
    std::io::Seek::rewind(&mut &file).unwrap();
    std::io::Read::read_to_string(&mut &file, &mut text).unwrap();
    assert!(status.success(), "{command:?}: {text}");
    text
}
