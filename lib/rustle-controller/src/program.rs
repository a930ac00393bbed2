//! What a host is sent at the start of a play.

use crate::session::lock;
use crate::shared::{PlayState, Shared};
use rustle_inventory::Inventory;
use rustle_stream::model::{Fragment, Play, Task, TaskId};
use rustle_stream::protocol::{BarrierRule, Placement, PlayProgram, SourceFile, VarChanges};
use rustle_value::{Dict, Value, dict, is_template};

/// Magic variables that hold for the whole play.
///
/// Source: <https://docs.ansible.com/ansible/latest/reference_appendices/special_variables.html>
pub fn magic(shared: &Shared, inventory: &Inventory, host: &str, play: &PlayState, playbook_dir: &str) -> Dict {
    let options = &shared.options;
    let groups: Dict = inventory.groups_dict().into_iter().map(|(name, hosts)| (name, Value::from(hosts))).collect();
    let version = |s: &str| s.split('.').map(|p| p.parse::<i64>().unwrap_or(0)).collect::<Vec<_>>();
    let parts = version(ANSIBLE_VERSION);
    let mut d = dict! {
        "groups" => groups,
        "playbook_dir" => playbook_dir,
        "ansible_playbook_python" => "/usr/bin/python3",
        "ansible_check_mode" => options.check,
        "ansible_diff_mode" => options.diff,
        "ansible_forks" => options.forks.unwrap_or(5),
        "ansible_verbosity" => u32::from(options.verbosity),
        "ansible_run_tags" => if options.tags.is_empty() { vec!["all".to_owned()] } else { options.tags.clone() },
        "ansible_skip_tags" => options.skip_tags.clone(),
        "ansible_inventory_sources" => options.inventory.clone(),
        "ansible_config_file" => options.config.get("CONFIG_FILE").cloned().unwrap_or_default(),
        "ansible_version" => dict! {
            "full" => ANSIBLE_VERSION,
            "major" => parts.first().copied().unwrap_or(0),
            "minor" => parts.get(1).copied().unwrap_or(0),
            "revision" => parts.get(2).copied().unwrap_or(0),
            "string" => ANSIBLE_VERSION,
        },
        "ansible_play_hosts_all" => play.hosts_all.clone(),
        "_rustle_controller" => controller_name(),
        "_rustle_transport" => options.config.get("DEFAULT_TRANSPORT").and_then(Value::as_str).filter(|t| *t != "smart").unwrap_or("ssh"),
    };
    d.update(&inventory.magic_of(host));
    if let Some(limit) = &options.limit {
        d.insert("ansible_limit", limit.as_str());
    }
    if let Some(name) = play.play.name.as_ref().and_then(Value::as_str) {
        d.insert("ansible_play_name", name);
    } else {
        d.insert("ansible_play_name", rustle_value::py_str(&play.play.hosts));
    }
    d
}

/// The version of ansible-core whose behaviour this is.
pub const ANSIBLE_VERSION: &str = "2.21.5";

fn controller_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map(|s| s.trim().to_owned()).unwrap_or_default()
}

/// Files that tasks name literally, so that no host has to ask for them.
pub fn literal_files(shared: &Shared, play: &PlayState, fragment: &Fragment) -> Vec<(TaskId, String, SourceFile)> {
    let mut out = Vec::new();
    for task in &fragment.tasks {
        let Some((field, name)) = literal_source(task) else { continue };
        // Whether an encrypted one goes out as it is may be known at the task's turn only.
        if task.args.contains_key("decrypt") {
            continue;
        }
        // What is not there, or can't be read, is reported when the task's turn comes.
        let Ok(path) = crate::answers::find_file(shared, play, task, name) else { continue };
        let decrypt = |text: &str, path: &str| shared.decrypt(text, path).map(String::into_bytes);
        if std::fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() < (1 << 20))
            && let Ok(mut file) = shared.files.describe(&path, &decrypt)
        {
            // Delimiters that are templates have no value yet.
            if !task.args.str_iter().any(|(k, v)| k.ends_with("_string") && matches!(v, Value::Template(_))) {
                crate::parts::add(shared, play, task, &task.args, &mut file);
            }
            out.push((task.id, field.to_owned(), file));
        }
    }
    out
}

fn literal_source(task: &Task) -> Option<(&'static str, &str)> {
    let field = match &*task.action {
        "ansible.builtin.template" | "ansible.builtin.copy" | "ansible.builtin.unarchive" => "src",
        "ansible.builtin.script" if task.args.contains_key("cmd") => "cmd",
        "ansible.builtin.script" => "_raw_params",
        _ => return None,
    };
    match task.args.get(field) {
        Some(Value::Str(s)) if !is_template(s) && task.args.get("remote_src").is_none() => Some((field, s)),
        _ => None,
    }
}

/// Everything for one host. `shared_part` is the same for all hosts of the play.
pub fn for_host(shared: &Shared, play: &PlayState, host: &str, common: &PlayProgram, user: Option<&String>) -> PlayProgram {
    let vars = shared.host_vars(host, play);
    PlayProgram {
        host: host.to_owned(),
        inventory_vars: vars.inventory,
        vars_files: vars.vars_files,
        extra_vars: vars.extra,
        magic: vars.magic,
        become_password: shared.secrets.become_password.clone(),
        remote_user: user.cloned(),
        unreachable: lock(&shared.unreachable).get(host).cloned(),
        ..common.clone()
    }
}

/// What is known of a host that a new runner there does not know.
pub fn known(shared: &Shared, host: &str) -> VarChanges {
    lock(&shared.vars).get(host).map_or_else(VarChanges::default, |v| VarChanges { set: v.set.clone(), facts: v.facts().clone(), included: v.included.clone() })
}

/// The part of a program that all hosts share.
pub fn common(shared: &Shared, play: &PlayState, fragment: &Fragment, placement: &Placement, barriers: BarrierRule) -> PlayProgram {
    let fragment = only_of(&play.play, fragment);
    PlayProgram {
        files: literal_files(shared, play, &fragment),
        play: (*play.play).clone(),
        fragment,
        placement: placement.clone(),
        barriers,
        ..PlayProgram::default()
    }
}

/// A play's name as its banner shows it: its hosts, where it has none.
pub fn play_name(shared: &Shared, play: &Play, prompted: &Dict) -> String {
    let raw = play.name.clone().filter(|v| !v.is_null()).unwrap_or_else(|| play.hosts.clone());
    match raw.as_list() {
        Some(l) => l.iter().map(rustle_value::py_str).collect::<Vec<_>>().join(","),
        None => {
            let jinja = rustle_jinja::Environment::new();
            let mut vars = play.keywords.vars.clone();
            vars.update(prompted);
            vars.update(&shared.extra_vars);
            jinja.render_value(&raw, &vars).map_or_else(|_| raw.as_str().unwrap_or_default().to_owned(), |v| rustle_value::py_str(&v))
        }
    }
}

/// The tasks, blocks and roles that belong to this play.
pub fn only_of(play: &Play, all: &Fragment) -> Fragment {
    use rustle_stream::model::{BlockId, Node, RoleId};
    use std::collections::{HashMap, HashSet};
    let blocks: HashMap<BlockId, _> = all.blocks.iter().map(|b| (b.id, b)).collect();
    let mut seen_blocks: HashSet<BlockId> = HashSet::new();
    let mut seen_tasks: HashSet<TaskId> = HashSet::new();
    let mut todo: Vec<Node> = [&play.pre_tasks, &play.roles, &play.tasks, &play.post_tasks, &play.handlers].into_iter().flatten().copied().collect();
    while let Some(node) = todo.pop() {
        match node {
            Node::Task(id) => _ = seen_tasks.insert(id),
            Node::Block(id) => {
                if seen_blocks.insert(id)
                    && let Some(b) = blocks.get(&id)
                {
                    todo.extend(b.body.iter().chain(&b.rescue).chain(&b.always));
                    // Parents count, too: keywords are inherited from them.
                    todo.extend(b.parent.map(Node::Block));
                }
            }
        }
    }
    let tasks: Vec<Task> = all.tasks.iter().filter(|t| seen_tasks.contains(&t.id)).cloned().collect();
    let blocks: Vec<_> = all.blocks.iter().filter(|b| seen_blocks.contains(&b.id)).cloned().collect();
    let mut roles: HashSet<RoleId> = tasks.iter().filter_map(|t| t.role).chain(blocks.iter().filter_map(|b| b.role)).collect();
    let mut grown = true;
    while grown {
        grown = false;
        for r in &all.roles {
            if roles.contains(&r.id) {
                for other in r.parents.iter().chain(&r.dependencies) {
                    grown |= roles.insert(*other);
                }
            }
        }
    }
    Fragment { tasks, blocks, roles: all.roles.iter().filter(|r| roles.contains(&r.id)).cloned().collect(), ..Fragment::default() }
}
