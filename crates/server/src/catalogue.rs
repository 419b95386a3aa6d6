//! The models of a service that changes while it runs: loaded, replaced and removed.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use veilcast_card::{Card, MAX_CARD_BYTES, chain};
use veilcast_engine::{Evaluator, Keys, VoucherSecrets};

use crate::config::Config;
use crate::fault::Fault;
use crate::models::{Models, ServedModel};
use crate::sealing_keys;
use crate::start_error::StartError;
use crate::swap::Swap;

/// Why a model's directory can't be used.
pub type LoadError = Box<dyn Error + Send + Sync>;

/// What loads a model from a directory.
pub(crate) type Load = Box<dyn Fn(&Path) -> Result<Evaluator, LoadError> + Send + Sync>;

/// The public card's file in a model directory.
const CARD_FILE: &str = "card.json";

/// The models that are served now, and the directories that they come from.
///
/// Loading a model blocks for as long as reading and checking it takes; requests continue
/// meanwhile.
pub(crate) struct Catalogue {
    models: Swap<Models>,
    /// Every model that is or was served; held while one change is made.
    shelf: Mutex<Vec<Entry>>,
    load: Load,
    /// The keys that clients have proven, which no change of the models loses.
    keys: Arc<Keys>,
    voucher_secrets: Arc<VoucherSecrets>,
}

/// A model on the shelf.
#[derive(Clone)]
struct Entry {
    /// None for a model that didn't come from a directory.
    directory: Option<PathBuf>,
    is_default: bool,
    name: String,
    version: String,
    /// None while it isn't served.
    model: Option<Arc<ServedModel>>,
    /// Why the last attempt to load it failed.
    fault: Option<String>,
}

impl Entry {
    fn set(&mut self, model: ServedModel) {
        (self.name, self.version) = (model.name().to_owned(), model.version().to_owned());
        (self.model, self.fault) = (Some(Arc::new(model)), None);
    }
}

/// A model as listed in the index.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) is_served: bool,
    /// Why it isn't served, or why its last replacement failed; otherwise empty.
    pub(crate) reason: String,
}

impl Catalogue {
    /// A catalogue without a model.
    pub(crate) fn new(keys: Arc<Keys>, voucher_secrets: VoucherSecrets, load: Load) -> Self {
        Self {
            models: Swap::default(),
            shelf: Mutex::default(),
            load,
            keys,
            voucher_secrets: Arc::new(voucher_secrets),
        }
    }

    /// The models that are served now.
    pub(crate) fn models(&self) -> Arc<Models> {
        self.models.get()
    }

    /// Serves models that don't come from directories.
    pub(crate) fn give(
        &self,
        evaluators: impl IntoIterator<Item = Evaluator>,
        config: &Config,
    ) -> Result<(), StartError> {
        let mut shelf = self.shelf();
        let given = evaluators.into_iter().map(|evaluator| {
            let mut entry = Entry {
                directory: None,
                is_default: false,
                name: String::new(),
                version: String::new(),
                model: None,
                fault: None,
            };
            entry.set(self.served(evaluator, config)?);
            Ok(entry)
        });
        let given = given.collect::<Result<_, StartError>>()?;
        self.publish(&mut shelf, given)
    }

    /// Serves what the configuration names, and nothing else, with every directory read again. A model whose directory
    /// can't be used any more stays as it was.
    ///
    /// Returns what is wrong with the directories that can't be used.
    ///
    /// # Errors
    /// There must be a model, and all must differ in name or version; otherwise nothing changes.
    pub(crate) fn replace(&self, config: &Config) -> Result<Vec<StartError>, StartError> {
        let mut shelf = self.shelf();
        let mut faults = Vec::new();
        let given = shelf.iter().filter(|entry| entry.directory.is_none());
        let mut next: Vec<Entry> = given.cloned().collect();
        for setting in &config.models {
            let known = shelf
                .iter()
                .find(|entry| entry.directory.as_ref() == Some(&setting.path));
            let mut entry = Entry {
                is_default: setting.default,
                ..known.cloned().unwrap_or_else(|| unread(&setting.path))
            };
            match self.read(&setting.path, config) {
                Ok(model) => entry.set(model),
                Err(fault) => {
                    entry.fault = Some(chain(&fault).to_string());
                    faults.push(fault);
                }
            }
            next.push(entry);
        }
        if next.is_empty() {
            return Err(StartError::NoModel);
        }
        self.publish(&mut shelf, next)?;
        Ok(faults)
    }

    /// Loads or replaces all versions of a model whose directories are known, or are in the configuration's repository.
    ///
    /// # Errors
    /// Without such a directory, or if one of them can't be used; its model stays as it was.
    pub(crate) fn load(&self, name: &str, config: &Config) -> Result<(), Fault> {
        let mut shelf = self.shelf();
        let mut next = all_entries(&shelf, config);
        let mut faults = Vec::new();
        let mut is_known = false;
        for entry in next.iter_mut().filter(|entry| entry.name == name) {
            is_known = true;
            let Some(directory) = entry.directory.clone() else {
                continue;
            };
            match self.read(&directory, config) {
                Ok(model) => entry.set(model),
                Err(fault) => {
                    let fault = chain(&fault).to_string();
                    faults.push(fault.clone());
                    entry.fault = Some(fault);
                }
            }
        }
        if !is_known {
            return Err(unknown(&next, "loaded"));
        }
        // Models that nobody asked for stay in their directories.
        next.retain(|entry| entry.name == name || is_on(&shelf, entry));
        self.publish(&mut shelf, next)
            .map_err(|error| Fault::ModelNotLoaded {
                reason: chain(&error).to_string(),
            })?;
        match faults.is_empty() {
            true => Ok(()),
            false => Err(Fault::ModelNotLoaded {
                reason: faults.join("; "),
            }),
        }
    }

    /// Serves no version of a model any more.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn unload(&self, name: &str) -> Result<(), Fault> {
        let mut shelf = self.shelf();
        let mut next = shelf.clone();
        let of_name = next.iter_mut().filter(|entry| entry.name == name);
        if of_name.map(|entry| entry.model = None).count() == 0 {
            return Err(unknown(&shelf, "unloaded"));
        }
        self.publish(&mut shelf, next)
            .map_err(|error| Fault::ModelNotLoaded {
                reason: chain(&error).to_string(),
            })
    }

    /// Every model that is served or could be.
    pub(crate) fn index(&self, config: &Config) -> Vec<Listed> {
        let entries = all_entries(&self.shelf(), config).into_iter();
        let listed = entries.map(|entry| {
            let is_served = entry.model.is_some();
            let idle = (!is_served).then(|| "unloaded".to_owned());
            Listed {
                name: entry.name,
                version: entry.version,
                is_served,
                reason: entry.fault.or(idle).unwrap_or_default(),
            }
        });
        listed.collect()
    }

    fn shelf(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, directory: &Path, config: &Config) -> Result<ServedModel, StartError> {
        let evaluator = (self.load)(directory).map_err(|source| StartError::Model {
            directory: directory.to_owned(),
            source,
        })?;
        self.served(evaluator, config)
    }

    fn served(&self, evaluator: Evaluator, config: &Config) -> Result<ServedModel, StartError> {
        let evaluator = evaluator
            .with_keys(Arc::clone(&self.keys))
            .with_voucher_secrets(Arc::clone(&self.voucher_secrets));
        // Without that file the secrets end with this service, and so may what it remembers of vouchers.
        let is_shared = config.voucher_secret_file.is_some() && !config.ledger.is_used();
        if is_shared && evaluator.card().hidden().is_some() {
            let name = evaluator.card().name().to_owned();
            return Err(StartError::NoLedger { name });
        }
        ServedModel::new(sealing_keys::open(evaluator, config)?, config)
    }

    /// Puts these on the shelf and serves them from the next request on.
    fn publish(&self, shelf: &mut Vec<Entry>, next: Vec<Entry>) -> Result<(), StartError> {
        let served = next
            .iter()
            .filter_map(|entry| Some((Arc::clone(entry.model.as_ref()?), entry.is_default)));
        self.models.set(Models::new(served)?);
        *shelf = next;
        Ok(())
    }
}

/// A directory that hasn't been loaded.
fn unread(directory: &Path) -> Entry {
    let card = card(directory).ok();
    let of_card = |text: fn(&Card) -> &str| card.as_ref().map(text).unwrap_or_default().to_owned();
    Entry {
        directory: Some(directory.to_owned()),
        is_default: false,
        name: of_card(Card::name),
        version: of_card(Card::version),
        model: None,
        fault: None,
    }
}

fn card(directory: &Path) -> io::Result<Card> {
    let path = directory.join(CARD_FILE);
    if fs::metadata(&path)?.len() > MAX_CARD_BYTES as u64 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Card::parse(&fs::read(path)?).map_err(io::Error::other)
}

/// What is on the shelf, and what else the repository holds: models, and versions one level below.
fn all_entries(shelf: &[Entry], config: &Config) -> Vec<Entry> {
    let mut entries = shelf.to_vec();
    let folders = config
        .model_repository
        .iter()
        .flat_map(|path| folders(path));
    for folder in folders.flat_map(|folder| {
        let versions = folders_of_versions(&folder);
        [vec![folder], versions].concat()
    }) {
        let entry = unread(&folder);
        if !entry.name.is_empty() && !is_on(&entries, &entry) {
            entries.push(entry);
        }
    }
    entries
}

fn folders_of_versions(folder: &Path) -> Vec<PathBuf> {
    match folder.join(CARD_FILE).exists() {
        true => Vec::new(),
        false => folders(folder),
    }
}

/// The folders in a folder, by name.
fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn is_on(shelf: &[Entry], entry: &Entry) -> bool {
    shelf.iter().any(|other| other.directory == entry.directory)
}

fn unknown(entries: &[Entry], verb: &'static str) -> Fault {
    let mut known: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    known.dedup();
    Fault::NoSuchModelKept {
        verb,
        known: known.join(", "),
    }
}
