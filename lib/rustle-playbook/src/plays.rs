//! Playbooks: lists of plays and of `import_playbook` statements.

use crate::error::{PlaybookError, Result};
use crate::keywords::{Owner, PLAY_OTHER};
use crate::loader::{Loader, MAX_DEPTH, Scope};
use crate::paths;
use crate::shared;
use crate::values::{self, class, value};
use rustle_stream::model::{Keywords, Node as Child, Play};
use rustle_value::{Dict, Value};
use rustle_yaml::Node;

const IMPORT: &[&str] = &["import_playbook", "ansible.builtin.import_playbook", "ansible.legacy.import_playbook"];

impl Loader {
    /// The plays of a file. `vars`: of the imports that lead here.
    pub(crate) fn playbook(&mut self, path: &str, vars: &Dict, depth: usize) -> Result<Vec<Play>> {
        // Collections may lie next to the playbook.
        let beside = paths::join(paths::parent(path), "collections");
        if paths::is_dir(&beside) && !self.options.collections_path.contains(&beside) {
            self.options.collections_path.insert(0, beside);
        }
        let tree = self.read(path)?;
        let Some(items) = tree.as_seq() else {
            if tree.is_null() {
                return self.empty(path, depth);
            }
            let message = format!("A playbook must be a list of plays, got a {} instead: {path}", class(&tree));
            return Err(PlaybookError::parser(message, Some(&tree.origin)));
        };
        if items.is_empty() {
            return Err(PlaybookError::parser(format!("A playbook must contain at least one play: {path}"), None));
        }
        self.reserved_in_file(&tree);
        let mut plays = Vec::new();
        for item in items {
            let Some(entries) = item.as_map() else {
                let message = "playbook entries must be either valid plays or 'import_playbook' statements";
                return Err(PlaybookError::parser(message, Some(&item.origin)));
            };
            if entries.iter().any(|(k, _)| k.as_str().is_some_and(|w| IMPORT.contains(&w))) {
                plays.extend(self.import_playbook(item, path, vars, depth)?);
            } else {
                plays.push(self.play(item, path, vars)?);
            }
        }
        Ok(plays)
    }

    /// `argument_specs` of the file `NAME.meta.yml` beside a playbook.
    fn playbook_specs(&mut self, path: &str) -> Result<Option<Value>> {
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        for end in [".meta.yml", ".meta.yaml"] {
            let file = format!("{stem}{end}");
            if paths::is_file(&file) {
                return Ok(self.read(&file)?.get("argument_specs").map(value));
            }
        }
        Ok(None)
    }

    fn empty(&mut self, path: &str, _depth: usize) -> Result<Vec<Play>> {
        Err(PlaybookError::parser(format!("Empty playbook, nothing to do: {path}"), None))
    }

    fn import_playbook(&mut self, node: &Node, from: &str, outer: &Dict, depth: usize) -> Result<Vec<Play>> {
        let mut keywords = Keywords::default();
        let mut file = None;
        for (key, v) in node.as_map().unwrap_or_default() {
            let word = shared::keyword(key, Owner::Import)?;
            match word {
                _ if IMPORT.contains(&word) => file = Some((key, v)),
                "name" => {}
                _ if Owner::Import.allows(word) => _ = shared::take(&mut keywords, word, v, Owner::Import)?,
                _ => return Err(shared::invalid(key, word, Owner::Import)),
            }
        }
        let Some((_, v)) = file else { return Ok(Vec::new()) };
        if v.is_null() {
            let message = "The field 'import_playbook' is required but was not set.";
            return Err(PlaybookError::parser(message, Some(&node.origin)));
        }
        let Some(_) = v.as_str() else {
            let message = format!(
                "The field 'import_playbook' is supposed to be a string type, however the incoming data structure is a {}",
                class(v)
            );
            return Err(PlaybookError::parser(message, Some(&v.origin)));
        };
        if depth > MAX_DEPTH {
            let message = "the imports are nested without end: does a playbook import itself?";
            return Err(PlaybookError::endless(message, Some(&v.origin)));
        }
        let mut vars = outer.clone();
        vars.update(&keywords.vars);
        let mut names = vars.clone();
        names.insert("playbook_dir", paths::parent(from));
        names.update(&self.options.extra_vars);
        let name = (self.options.render)(&value(v), &names);
        let name = name.map_err(|e| PlaybookError::general(e, Some(&v.origin)))?.to_string();
        let path = match self.collection_playbook(&name) {
            Some(path) => path,
            None => paths::normalize(&paths::join(paths::parent(from), &paths::expand(&name))),
        };
        let mut plays = self.playbook(&path, &vars, depth + 1)?;
        for play in &mut plays {
            play.keywords.vars.update(&keywords.vars);
            for tag in &keywords.tags {
                if !play.keywords.tags.contains(tag) {
                    play.keywords.tags.push(tag.clone());
                }
            }
            play.keywords.when.splice(0..0, keywords.when.iter().cloned());
        }
        Ok(plays)
    }

    fn play(&mut self, node: &Node, path: &str, vars: &Dict) -> Result<Play> {
        self.imported_handlers.clear();
        let mut play = Play {
            id: self.ids.play(),
            playbook: path.into(),
            origin: Some(node.origin.clone()),
            ..Play::default()
        };
        check_play(node)?;
        for (key, v) in node.as_map().unwrap_or_default() {
            let word = shared::keyword(key, Owner::Play)?;
            match word {
                "name" => play.name = values::name(v, "name")?,
                "hosts" => play.hosts = value(v),
                "user" => _ = play.keywords.other.insert("remote_user", value(v)),
                "pre_tasks" | "roles" | "tasks" | "post_tasks" | "handlers" => {}
                _ if !Owner::Play.allows(word) => return Err(shared::invalid(key, word, Owner::Play)),
                _ if shared::take(&mut play.keywords, word, v, Owner::Play)? => {}
                _ => {
                    debug_assert!(PLAY_OTHER.contains(&word), "{word}");
                    if !v.is_null() {
                        play.other.insert(word, value(v));
                    }
                }
            }
        }
        if play.other.contains_key("validate_argspec")
            && let Some(specs) = self.playbook_specs(path)?
        {
            play.other.insert("_argument_specs", specs);
        }
        let mut scope = Scope { play: play.id, basedir: paths::parent(path).to_owned(), ..Scope::default() };
        scope.vars.update(&play.keywords.vars);
        scope.vars.update(vars);
        scope.collections.clone_from(&play.keywords.collections);
        let files = play.other.get("vars_files").cloned().unwrap_or_default();
        self.vars_files(&files, &mut scope);
        let null = Node { value: rustle_yaml::NodeKind::Null, origin: node.origin.clone(), is_unsafe: false };
        let section = |word: &str| node.get(word).unwrap_or(&null);
        // Handlers come last: those that `import_role` brings stand before the play's own in no case.
        let roles = self.roles_section(section("roles"), &scope, node)?;
        let mut handlers: Vec<Child> = Vec::new();
        for role in roles {
            play.roles.push(role.node);
            handlers.extend(role.handlers);
        }
        play.pre_tasks = self.task_list(section("pre_tasks"), &scope, "pre_tasks", node)?;
        play.tasks = self.task_list(section("tasks"), &scope, "tasks", node)?;
        play.post_tasks = self.task_list(section("post_tasks"), &scope, "post_tasks", node)?;
        let imported = std::mem::take(&mut self.imported_handlers);
        let own_scope = Scope { handler: true, ..scope };
        let own = self.task_list(section("handlers"), &own_scope, "handlers", node)?;
        handlers.extend(own);
        handlers.extend(imported);
        handlers.append(&mut self.imported_handlers);
        play.handlers = handlers;
        Ok(play)
    }

    /// Adds what `vars_files` name without facts, as far as it can be read now, for names of imports.
    fn vars_files(&mut self, files: &Value, scope: &mut Scope) {
        let one = |v: &Value| v.as_list().map_or_else(|| vec![v.clone()], <[Value]>::to_vec);
        for entry in one(files) {
            for candidate in one(&entry) {
                let mut vars = scope.vars.clone();
                vars.update(&self.options.extra_vars);
                let Ok(name) = (self.options.render)(&candidate, &vars) else { continue };
                let name = paths::expand(&name.to_string());
                let places = [paths::join(&scope.basedir, &format!("vars/{name}")), paths::join(&scope.basedir, &name)];
                let Some(path) = places.iter().find(|p| paths::is_file(p)) else { continue };
                if let Ok(Some(vars)) = self.read_vars(path) {
                    scope.vars.update(&vars);
                    break;
                }
            }
        }
    }
}

/// What Ansible checks of a play before it looks at its parts.
fn check_play(node: &Node) -> Result<()> {
    let fail = |message: String, place: Option<&Node>| Err(PlaybookError::parser(message, place.map(|n| &n.origin)));
    if node.entry("user").is_some() && node.entry("remote_user").is_some() {
        let message = "both 'user' and 'remote_user' are set for this play. The use of 'user' is deprecated, and should be removed";
        return fail(message.into(), Some(node));
    }
    // A misspelt keyword comes before what may be missing because of it.
    for (key, _) in node.as_map().unwrap_or_default() {
        let word = shared::keyword(key, Owner::Play)?;
        if !Owner::Play.allows(word) {
            return Err(shared::invalid(key, word, Owner::Play));
        }
    }
    let Some(hosts) = node.get("hosts") else {
        return fail("The field 'hosts' is required but was not set.".into(), Some(node));
    };
    let empty = "Hosts list cannot be empty. Please check your playbook";
    match (hosts.as_seq(), hosts.as_str()) {
        (Some([]), _) | (_, Some("")) => return fail(empty.into(), None),
        (Some(items), _) => {
            for item in items {
                if item.is_null() {
                    return fail("Hosts list cannot contain values of 'None'. Please check your playbook".into(), None);
                }
                if item.as_str().is_none() {
                    return fail(format!("Hosts list contains an invalid host value: '{}'", values::shown(item)), None);
                }
            }
        }
        (None, Some(_)) => {}
        _ if hosts.is_null() => return fail(empty.into(), None),
        _ => return fail("Hosts list must be a sequence or string. Please check your playbook.".into(), None),
    }
    check_booleans(node)?;
    check_prompts(node)?;
    // Ansible reads the handlers first.
    match node.get("handlers") {
        Some(h) if !h.is_null() && h.as_seq().is_none() => fail(
            format!(
                "A malformed block was encountered while loading handlers: {} should be a list or None but is {}",
                values::shown(h), class(h)
            ),
            Some(node),
        ),
        _ => Ok(()),
    }
}

fn check_booleans(node: &Node) -> Result<()> {
    const WORDS: &[&str] = &["y", "yes", "on", "1", "true", "t", "1.0", "n", "no", "off", "0", "false", "f", "0.0"];
    for word in ["gather_facts", "force_handlers"] {
        let Some(v) = node.get(word) else { continue };
        let Some(text) = v.as_str() else { continue };
        if rustle_value::is_template(text) || WORDS.contains(&text.to_ascii_lowercase().trim()) {
            continue;
        }
        let error = PlaybookError::parser(format!("Error processing keyword '{word}'."), Some(&v.origin));
        let cause = format!("The value {} could not be converted to 'bool'.", rustle_value::str_repr(text));
        return Err(error.caused_by(cause, Some(v.origin.clone()), None));
    }
    Ok(())
}

fn check_prompts(node: &Node) -> Result<()> {
    const KEYS: &[&str] =
        &["name", "prompt", "default", "private", "confirm", "encrypt", "salt_size", "salt", "unsafe"];
    let Some(list) = node.get("vars_prompt").filter(|l| !l.is_null()) else { return Ok(()) };
    if !list.as_map().is_some() && !list.as_seq().is_some_and(|l| l.iter().all(|p| p.as_map().is_some())) {
        let error = PlaybookError::parser("Invalid variable file contents.", Some(&list.origin));
        return Err(error.help("Variable files must contain either a dictionary of variables, or a list of dictionaries."));
    }
    for prompt in list.as_seq().unwrap_or_default() {
        let fail = |message: String| Err(PlaybookError::parser(message, Some(&list.origin)));
        if prompt.get("name").is_none() {
            return fail("Invalid vars_prompt data structure, missing 'name' key".into());
        }
        for (key, _) in prompt.as_map().unwrap_or_default() {
            let word = values::shown(key);
            if !KEYS.contains(&word.as_str()) {
                return fail(format!("Invalid vars_prompt data structure, found unsupported key '{word}'"));
            }
        }
    }
    Ok(())
}
