//! Modules in folders: beside playbooks and in roles (`library`), of `ansible.cfg`, in installed collections.
//!
//! What collections redirect, and what ansible-core itself has, is not known here.

use crate::{Found, Settings, Want};
use rustle_playbook::module_file as in_folder;
use std::path::Path;

/// Where folders have the module.
pub(crate) fn find(settings: &Settings, want: &Want) -> Option<Found> {
    let name = want.name.as_str();
    if name.starts_with("ansible.builtin.") {
        return None;
    }
    let plain = name.strip_prefix("ansible.legacy.").unwrap_or(name);
    if plain.contains('.') {
        return in_collection(settings, &want.playbook, plain);
    }
    if !name.starts_with("ansible.legacy.") {
        let named = want.collections.iter().filter(|c| !matches!(c.as_str(), "ansible.builtin" | "ansible.legacy"));
        if let Some(found) = named.into_iter().find_map(|c| in_collection(settings, &want.playbook, &format!("{c}.{plain}"))) {
            return Some(found);
        }
    }
    let beside = || std::iter::once(&want.playbook).chain(&want.folders).filter(|f| !f.is_empty());
    let module = beside()
        .map(|f| format!("{f}/library"))
        .chain(settings.module_path.iter().cloned())
        .find_map(|f| in_folder(&f, plain));
    let action = beside().map(|f| format!("{f}/action_plugins/{plain}.py")).find(|p| Path::new(p).is_file());
    (module.is_some() || action.is_some()).then(|| Found { name: plain.to_owned(), module, action })
}

fn in_collection(settings: &Settings, playbook: &str, full: &str) -> Option<Found> {
    let mut words = full.splitn(3, '.');
    let (space, collection, plugin) = (words.next()?, words.next()?, words.next()?.replace('.', "/"));
    let beside = format!("{playbook}/collections");
    std::iter::once(&beside).chain(&settings.collections_path).find_map(|base| {
        let base = base.trim_end_matches('/');
        let base = base.strip_suffix("/ansible_collections").unwrap_or(base);
        let folder = format!("{base}/ansible_collections/{space}/{collection}/plugins");
        let module = in_folder(&format!("{folder}/modules"), &plugin);
        let action = in_folder(&format!("{folder}/action"), &plugin);
        (module.is_some() || action.is_some()).then(|| Found { name: full.to_owned(), module, action })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_before_others() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_string_lossy().into_owned();
        let put = |p: &str| {
            let path = dir.path().join(p);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        for p in ["play/library/one.sh", "play/library/one.md", "role/library/two.py", "role/action_plugins/two.py", "c/ansible_collections/a/b/plugins/modules/x/three.py"] {
            put(p);
        }
        let settings = Settings { collections_path: vec![format!("{root}/c")], ..Settings::default() };
        let want = |name: &str| Want { name: name.into(), playbook: format!("{root}/play"), folders: vec![format!("{root}/role")], collections: vec![] };
        let one = find(&settings, &want("one")).unwrap();
        assert_eq!(one.module, Some(format!("{root}/play/library/one.sh")));
        assert!(find(&settings, &want("ansible.legacy.two")).unwrap().action.is_some());
        assert_eq!(find(&settings, &want("a.b.x.three")).unwrap().name, "a.b.x.three");
        for name in ["three", "a.b.none", "ansible.builtin.one"] {
            assert_eq!(find(&settings, &want(name)), None, "{name}");
        }
    }
}
