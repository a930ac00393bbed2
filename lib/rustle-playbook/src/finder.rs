//! Where an action's file is: `template: src=x` looks into `templates/` of the role, beside the task's file and beside
//! the playbook, in Ansible's order.

use crate::paths;

/// A file that is nowhere, with the places that were looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Could not find or access '{name}'\nSearched in:\n\t{}", .searched.join("\n\t"))]
pub struct NotFound {
    pub name: String,
    pub searched: Vec<String>,
}

impl NotFound {
    /// The whole message of actions that send files to hosts.
    pub fn message(&self) -> String {
        format!("{self} on the Ansible Controller.\nIf you are using a module and expect the file to exist on the remote, see the remote_src option")
    }
}

/// Looks for the files of one task.
#[derive(Clone, Debug)]
pub struct Finder {
    /// `ansible_search_path`: the task's folders, nearest first.
    pub search_path: Vec<String>,
    /// The playbook's folder.
    pub basedir: String,
}

impl Finder {
    /// A finder for a task with these folders, in a playbook of that folder.
    pub fn new(search_path: &[String], basedir: &str) -> Self {
        Finder { search_path: search_path.to_vec(), basedir: basedir.into() }
    }

    /// Every place where `name` may be, in order; `folder` is `templates`, `files`, `vars` or `tasks`.
    pub fn places(&self, folder: &str, name: &str) -> Vec<String> {
        let given = paths::expand(name);
        if given.starts_with('/') {
            return vec![paths::normalize(&given)];
        }
        let mut out: Vec<String> = Vec::new();
        let mut add = |parts: &[&str]| {
            let path = parts.iter().skip(1).fold(parts[0].to_owned(), |a, b| paths::join(&a, b));
            let path = paths::normalize(&path);
            if !out.contains(&path) {
                out.push(path);
            }
        };
        let named = given.split('/').next() == Some(folder);
        for base in self.search_path.iter().chain([&self.basedir]) {
            let parent = paths::parent(base);
            if paths::base(base) == "tasks" && self.in_role(base) {
                if !named {
                    add(&[parent, folder, &given]);
                }
                add(&[parent, &given]);
            }
            if !named {
                add(&[base, folder, &given]);
            }
            add(&[base, &given]);
        }
        out
    }

    fn in_role(&self, tasks: &str) -> bool {
        ["main.yml", "main.yaml", "main.json", "main"].iter().any(|m| paths::is_file(&paths::join(tasks, m)))
    }

    /// The first place where the file (or folder) is.
    ///
    /// # Errors
    /// It is nowhere.
    pub fn find_needle(&self, folder: &str, name: &str) -> Result<String, NotFound> {
        let searched = self.places(folder, name);
        match searched.iter().find(|p| paths::exists(p)) {
            // A name that ends in a slash keeps it: `copy` tells folders from their contents by it.
            Some(p) if name.ends_with('/') => Ok(format!("{p}/")),
            Some(p) => Ok(p.clone()),
            None => Err(NotFound { name: name.into(), searched }),
        }
    }
}
