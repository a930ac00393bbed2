//! Where an action's file is: `template: src=x` looks into `templates/` of the role, beside the task's file and beside
//! the playbook, in Ansible's order.

use crate::paths;

/// A file that is nowhere, with the places that were looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Could not find or access '{name}'{}", .searched.iter().enumerate().map(|(i, p)| format!("{}\n\t{p}", if i == 0 { "\nSearched in:" } else { "" })).collect::<String>())]
pub struct NotFound {
    pub name: String,
    pub searched: Vec<String>,
}

impl NotFound {
    /// The whole message of actions that send files to hosts.
    pub fn message(&self) -> String {
        format!("{self} on the Ansible Controller.")
    }
    /// What Ansible prints below that message.
    pub fn help(&self) -> &'static str {
        "If you are using a module and expect the file to exist on the remote, see the remote_src option."
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

    /// Every place where `name` may be, in order, spelt as Ansible shows them; `folder` is `templates`, `files`, `vars`
    /// or `tasks`. A place may be named twice.
    pub fn places(&self, folder: &str, name: &str) -> Vec<String> {
        let given = paths::expand(name);
        if given.starts_with('/') {
            return vec![given];
        }
        let named = given.split('/').next() == Some(folder);
        let mut out: Vec<String> = Vec::new();
        let here = self.search_path.iter().filter(|p| **p != self.basedir || self.search_path.len() == 1);
        for base in here.chain([&self.basedir]) {
            if !named {
                out.push(paths::join(&paths::join(base, folder), &given));
            }
            out.push(paths::join(base, &given));
        }
        out
    }

    /// The first place where the file (or folder) is.
    ///
    /// # Errors
    /// It is nowhere.
    pub fn find_needle(&self, folder: &str, name: &str) -> Result<String, NotFound> {
        let searched = self.places(folder, name);
        match searched.iter().find(|p| paths::exists(p)).map(|p| paths::normalize(p)) {
            // A name that ends in a slash keeps it: `copy` tells folders from their contents by it.
            Some(p) if name.ends_with('/') => Ok(format!("{p}/")),
            Some(p) => Ok(p),
            None if name.starts_with(['/', '~']) => Err(NotFound { name: name.into(), searched: Vec::new() }),
            None => Err(NotFound { name: name.into(), searched }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_that_ansible_names() {
        let role = Finder::new(&["/p/roles/r".into(), "/p/roles/r/tasks".into(), "/p".into()], "/p");
        let message = role.find_needle("files", "no").unwrap_err().message();
        let expected = "Could not find or access 'no'\nSearched in:\n\t/p/roles/r/files/no\n\t/p/roles/r/no\n\t/p/roles/r/tasks/files/no\n\t/p/roles/r/tasks/no\n\t/p/files/no\n\t/p/no on the Ansible Controller.";
        assert_eq!(message, expected);
        let play = Finder::new(&["/p".into()], "/p");
        assert_eq!(play.places("files", "files/x"), ["/p/files/x", "/p/files/x"]);
        assert_eq!(play.places("files", "../x/"), ["/p/files/../x/", "/p/../x/", "/p/files/../x/", "/p/../x/"]);
        assert_eq!(play.find_needle("files", "/no/where").unwrap_err().message(), "Could not find or access '/no/where' on the Ansible Controller.");
    }
}
