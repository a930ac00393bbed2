//! Reads a whole run: vault secrets, extra variables, inventory, playbooks.

use crate::error::ParseError;
use crate::names::Names;
use crate::inventory::Around;
use crate::extra::extra_vars;
use rustle_bridge::{Bridge, Want};
use crate::seal::Decrypted;
use rustle_inventory::{Inventory, LoadOptions};
use rustle_jinja::Environment;
use rustle_playbook::{Loader, Options as LoaderOptions, ParsedRun, Render, paths};
use rustle_stream::record::{ExtraVars, Options};
use rustle_value::{Dict, Value};
use rustle_yaml::DuplicateKeys;
use rustle_vault::{Vault, VaultId, load_secrets};
use std::path::Path;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// What a run is, beyond [`Options`].
#[derive(Clone, Debug)]
pub struct Request {
    pub options: Options,
    /// `-e`, as given.
    pub extra_vars: Vec<String>,
    pub settings: Settings,
    /// A playbook that is no file.
    pub given: Option<Given>,
}

/// Text in place of a file.
#[derive(Clone, Debug)]
pub struct Given {
    /// Where it would lie: absolute; also among the options' playbooks.
    pub path: String,
    /// How errors call it.
    pub name: String,
    pub text: String,
}

/// Paths that `ansible.cfg` and the environment set.
#[derive(Clone, Debug)]
pub struct Settings {
    pub roles_path: Vec<String>,
    pub collections_path: Vec<String>,
    pub module_path: Vec<String>,
    /// Inventory where no `-i` is given.
    pub inventory: Vec<String>,
    /// `private_role_vars`.
    pub private_role_vars: bool,
    /// Unknown modules are errors before the run.
    pub check_modules: bool,
    /// `DUPLICATE_YAML_DICT_KEY`.
    pub duplicate_keys: DuplicateKeys,
    /// How inventories are read; the vault is filled in.
    pub inventory_options: LoadOptions,
}

impl Settings {
    /// Ansible's defaults, changed by `ANSIBLE_ROLES_PATH`, `ANSIBLE_COLLECTIONS_PATH`, `ANSIBLE_LIBRARY` and
    /// `ANSIBLE_INVENTORY`.
    pub fn from_env() -> Settings {
        let list = |name: &str, separator: char| {
            let text = std::env::var(name).ok().filter(|t| !t.is_empty())?;
            Some(text.split(separator).map(paths::expand).collect::<Vec<_>>())
        };
        Settings {
            roles_path: list("ANSIBLE_ROLES_PATH", ':').unwrap_or_else(rustle_playbook::default_roles_path),
            collections_path: list("ANSIBLE_COLLECTIONS_PATH", ':').unwrap_or_else(rustle_playbook::default_collections_path),
            module_path: list("ANSIBLE_LIBRARY", ':').unwrap_or_default(),
            inventory: std::env::var("ANSIBLE_INVENTORY").map_or_else(|_| vec!["/etc/ansible/hosts".into()], |i| vec![i]),
            private_role_vars: false,
            check_modules: true,
            duplicate_keys: duplicate_keys(&std::env::var("ANSIBLE_DUPLICATE_YAML_DICT_KEY").unwrap_or_default()),
            inventory_options: LoadOptions::default(),
        }
    }
}

/// What `DUPLICATE_YAML_DICT_KEY` means.
pub fn duplicate_keys(word: &str) -> DuplicateKeys {
    match word {
        "error" => DuplicateKeys::Error,
        "ignore" => DuplicateKeys::Ignore,
        _ => DuplicateKeys::Warn,
    }
}

/// A run that was read, with what cannot travel in records.
pub struct ReadRun {
    pub run: ParsedRun,
    pub inventory: Inventory,
    /// Goes on with dynamic includes.
    pub loader: Loader,
    pub vault: Arc<Vault>,
    /// Modules that are not native.
    pub bridge: Arc<Bridge>,
    /// Warnings of the inventory and of vault sources, as Ansible prints them.
    pub warnings: Vec<String>,
    /// What was vaulted as a whole.
    pub decrypted: Decrypted,
}

/// Renders names of imports with the template engine.
pub fn renderer() -> Render {
    let env = Environment::new();
    Arc::new(move |v: &Value, vars: &Dict| env.render_value(v, &Names { vars }).map_err(|e| e.to_string()))
}

/// The way to Ansible's Python, which nothing is asked yet.
pub(crate) fn bridge(cwd: &str, settings: &Settings) -> Arc<Bridge> {
    Bridge::new(rustle_bridge::Settings {
        cwd: cwd.to_owned(),
        collections_path: settings.collections_path.clone(),
        module_path: settings.module_path.clone(),
    })
}

/// How playbooks are read: the same at the beginning of a run and for what is included later.
pub(crate) fn loader_options(cwd: &str, settings: &Settings, vault: &Arc<Vault>, bridge: &Arc<Bridge>) -> LoaderOptions {
    let key = vault.clone();
    let bridge = bridge.clone();
    LoaderOptions {
        cwd: cwd.to_owned(),
        roles_path: settings.roles_path.clone(),
        private_role_vars: settings.private_role_vars,
        merge_dicts: settings.inventory_options.merge_dicts,
        collections_path: settings.collections_path.clone(),
        module_path: settings.module_path.clone(),
        known_modules: rustle_modules::names().map(Into::into).collect(),
        check_modules: settings.check_modules,
        // Without ansible-core, what it alone knows is unknown.
        elsewhere: Arc::new(move |q| {
            let want = Want { name: q.name.into(), playbook: q.playbook.into(), folders: q.folders.to_vec(), collections: q.collections.to_vec() };
            bridge.find(&want).ok().flatten().map(|found| found.name)
        }),
        duplicate_keys: settings.duplicate_keys,
        render: renderer(),
        decrypt: Arc::new(move |text, _| key.decrypt_text(text).map(|t| t.to_string()).map_err(|e| e.to_string())),
        ..LoaderOptions::default()
    }
}

/// Reads a run. `prompt` asks a person for a vault password.
///
/// # Errors
/// See [`ParseError`].
pub fn read(request: Request, prompt: &mut dyn FnMut(&str) -> Result<String, String>) -> Result<ReadRun, ParseError> {
    let Request { options, extra_vars: named, settings, given: instead } = request;
    let cwd = options.cwd.clone();
    let ids: Vec<VaultId> = options.vault_ids.iter().map(|t| VaultId::parse(t)).collect();
    let secrets = load_secrets(&ids, false, prompt)?;
    let mut warnings = secrets.warnings;
    let vault = Arc::new(secrets.vault);
    for file in &options.playbooks {
        let path = paths::absolute(file, &cwd);
        if instead.as_ref().is_some_and(|g| g.path == path) {
            continue;
        }
        let collection = !file.contains('/') && file.split('.').count() > 2 && !Path::new(&path).exists();
        if !collection && !Path::new(&path).exists() {
            return Err(ParseError::NoPlaybook(file.clone()));
        }
        if Path::new(&path).is_dir() {
            return Err(ParseError::NotAFile(file.clone()));
        }
    }
    let bridge = bridge(&cwd, &settings);
    let mut loader_options = loader_options(&cwd, &settings, &vault, &bridge);
    loader_options.given.extend(instead.map(|g| (g.path, (g.name, g.text))));
    let opened: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let (decrypt, seen) = (loader_options.decrypt.clone(), opened.clone());
    loader_options.decrypt = Arc::new(move |text, path| {
        let plain = decrypt(text, path)?;
        if let Ok(mut s) = seen.lock() {
            s.insert(path.to_owned());
        }
        Ok(plain)
    });
    let extra = extra_vars(&named, &cwd, &mut Loader::new(loader_options.clone()), settings.inventory_options.merge_dicts)?;
    let sealed_extra = opened.lock().is_ok_and(|s| !s.is_empty());
    let mut loader = Loader::new(LoaderOptions { extra_vars: extra.clone(), ..loader_options });
    let sources = if options.inventory.is_empty() { &settings.inventory } else { &options.inventory };
    // A list with commas is one already; all else is a path, from where the run began.
    let sources: Vec<String> =
        sources.iter().map(|s| if s.contains(',') { s.clone() } else { paths::absolute(s, &cwd) }).collect();
    let folder = |file: &String| Path::new(&paths::absolute(file, &cwd)).parent().map(|p| p.display().to_string());
    let folders = options.playbooks.iter().filter_map(folder).collect();
    let plugins = crate::inventory::hook(Around { bridge: bridge.clone(), folders, extra_vars: extra.clone() });
    let inventory = Inventory::load(&sources, &LoadOptions { vault: Some(vault.clone()), plugins: Some(plugins), ..settings.inventory_options })?;
    let mut run = ParsedRun { extra_vars: ExtraVars { vars: extra }, ..ParsedRun::default() };
    warnings.extend(inventory.take_warnings());
    let empty = inventory.hosts.is_empty();
    match loader.load_playbooks(&options.playbooks) {
        Ok(loaded) => run.take(loaded),
        Err(error) => return Err(ParseError::AfterInventory { warnings, empty, error }),
    }
    run.options = options;
    let mut folders: Vec<&str> = Vec::new();
    for play in &run.plays {
        let folder = paths::parent(&play.playbook);
        if !folders.contains(&folder) {
            folders.push(folder);
        }
        // Asking for the hosts makes the implicit localhost known where a play names it.
        let pattern = match play.hosts.as_list() {
            Some(l) => l.iter().map(Value::to_string).collect::<Vec<_>>().join(","),
            None => play.hosts.to_string(),
        };
        if !rustle_value::is_template(&pattern) {
            // What is wrong with it is said when the play begins: groups may come into being until then.
            _ = inventory.select(&pattern);
        }
    }
    let folders: Vec<&Path> = folders.into_iter().map(Path::new).collect();
    (run.groups, run.hosts) = inventory.to_records(&folders)?;
    // What a pattern does not match is said when its play begins: groups may come into being until then.
    _ = inventory.take_warnings();
    let files = opened.lock().map(|s| s.clone()).unwrap_or_default();
    let decrypted = Decrypted { inventory: inventory.decrypted(), files, extra_vars: sealed_extra };
    Ok(ReadRun { run, inventory, loader, vault, bridge, warnings, decrypted })
}
