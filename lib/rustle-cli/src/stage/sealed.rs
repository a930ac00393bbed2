//! Opening of `sealed` records: what was vaulted as a whole stays so between the stages, and is decrypted in memory by
//! each stage that needs it.
//!
//! The record in clear holds the place of what is sealed (a host without its vaulted variables, a task without its
//! arguments); opening puts the contents there. The line that is passed on stays as it came.

use super::{Input, StageError};
use crate::config::Config;
use rustle_stream::Record;
use rustle_stream::record::Sealed;
use rustle_stream::schema::read_line;
use rustle_value::Dict;
use rustle_vault::{VaultId, load_secrets};
use std::collections::HashMap;
use std::path::Path;

/// Asks a person for a vault password.
pub type Prompt = fn(&str) -> Result<String, String>;

/// What a stage may open, and with which passwords.
#[derive(Clone, Default)]
pub(crate) struct Opener {
    pub reads: Vec<&'static str>,
    pub ids: Vec<String>,
    pub prompt: Option<Prompt>,
}

/// Types of records that may be sealed.
pub(crate) const SEALABLE: &[&str] = &["extra_vars", "group", "host", "play", "role", "block", "task"];

type Key = (&'static str, String);

fn key(record: &Record) -> Key {
    let id = match record {
        Record::Host(h) => h.name.clone(),
        Record::Group(g) => g.name.clone(),
        Record::Play(p) => p.id.0.to_string(),
        Record::Role(r) => r.id.0.to_string(),
        Record::Block(b) => b.id.0.to_string(),
        Record::Task(t) => t.id.0.to_string(),
        _ => String::new(),
    };
    (record.tag(), id)
}

/// `sealed` in its place: layers of variables one by one, so that what is in clear may be changed by whoever likes.
fn put(place: &mut Record, sealed: Record) {
    let layer = |to: &mut Dict, from: Dict| {
        if !from.is_empty() {
            *to = from;
        }
    };
    match (place, sealed) {
        (Record::Host(to), Record::Host(from)) => {
            layer(&mut to.vars, from.vars);
            layer(&mut to.inventory_host_vars, from.inventory_host_vars);
            layer(&mut to.playbook_host_vars, from.playbook_host_vars);
        }
        (Record::Group(to), Record::Group(from)) => {
            layer(&mut to.vars, from.vars);
            layer(&mut to.inventory_group_vars, from.inventory_group_vars);
            layer(&mut to.playbook_group_vars, from.playbook_group_vars);
        }
        (place, sealed) => *place = sealed,
    }
}

impl Opener {
    /// Opens what the stage reads.
    ///
    /// # Errors
    /// 65 where no password fits, or what is inside is no record; the error of a password's source.
    pub fn open(&mut self, input: &mut Input) -> Result<(), StageError> {
        let mut sealed: Vec<(u64, Sealed)> = Vec::new();
        for line in &input.lines {
            if let Some(Record::Sealed(s)) = &line.record
                && s.records.iter().any(|r| self.reads.contains(&r.as_str()))
            {
                sealed.push((line.number, s.clone()));
            }
        }
        if sealed.is_empty() {
            return Ok(());
        }
        let vault = self.vault(input)?;
        let mut inside: HashMap<Key, Record> = HashMap::new();
        for (line, s) in sealed {
            let text = vault.decrypt_text(&s.vault).map_err(|e| {
                let why = if vault.is_empty() { "no vault password is given".to_owned() } else { e.to_string() };
                StageError::data(format!("line {line}: /vault: vaulted values are needed ({}), and {why}", s.what.join(", ")))
                    .in_line(line, "/vault")
                    .hint("give --vault-password-file or --vault-id to rustle-parse, or to this stage")
            })?;
            for l in text.lines() {
                let broken = |_| StageError::data(format!("line {line}: /vault: what is inside is no record")).in_line(line, "/vault");
                if let Some(record) = read_line(l, line).map_err(broken)? {
                    inside.insert(key(&record), record);
                }
            }
        }
        for line in &mut input.lines {
            if let Some(place) = &mut line.record
                && let Some(record) = inside.remove(&key(place))
            {
                put(place, record);
            }
        }
        Ok(())
    }

    /// The secrets: of this stage's options, of those that the stream names, else of the configuration.
    fn vault(&self, input: &Input) -> Result<rustle_vault::Vault, StageError> {
        let mut ids = self.ids.clone();
        for r in input.records() {
            if let Record::Options(o) = r {
                ids.extend(o.vault_ids.iter().cloned());
            }
        }
        if ids.is_empty() {
            let config = Config::load(Path::new(".")).map_err(|e| StageError::new(rustle_stream::exit::CONFIG, e))?;
            ids = config.list("DEFAULT_VAULT_IDENTITY_LIST");
            ids.extend(config.text("DEFAULT_VAULT_PASSWORD_FILE").filter(|f| !f.is_empty()).map(|f| format!("default@{f}")));
        }
        let ids: Vec<VaultId> = ids.iter().map(|t| VaultId::parse(t)).collect();
        let prompt = self.prompt;
        let mut ask = |q: &str| prompt.map_or_else(|| Err("a filter cannot ask for passwords: use --vault-password-file".to_owned()), |p| p(q));
        load_secrets(&ids, false, &mut ask).map(|l| l.vault).map_err(|e| StageError::data(e))
    }
}
