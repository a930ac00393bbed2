//! Generated files by path: written, or compared with what is there.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// Folders whose generated files are ours: one that is no longer made is stale, too. Endings tell them from others.
const OWNED: [(&str, &str); 6] = [
    ("man", ".1"),
    ("man", ".7"),
    ("man/completions/bash", ""),
    ("man/completions/zsh", ""),
    ("man/completions/fish", ""),
    ("schema", ".schema.json"),
];

#[derive(Default)]
pub struct Tree(BTreeMap<String, Vec<u8>>);

impl Tree {
    /// Adds a file; `path` is relative to the repository.
    pub fn add(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), content.into());
    }
    /// Writes all files, and removes those that are no longer made.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        for path in self.leftovers(root)? {
            fs::remove_file(root.join(path))?;
        }
        for (path, content) in &self.0 {
            let to = root.join(path);
            if let Some(dir) = to.parent() {
                fs::create_dir_all(dir)?;
            }
            if fs::read(&to).ok().as_ref() != Some(content) {
                fs::write(to, content)?;
            }
        }
        Ok(())
    }
    /// The files that differ from what is there, are missing, or are no longer made.
    pub fn stale(&self, root: &Path) -> io::Result<Vec<String>> {
        let differs = |(path, content): &(&String, &Vec<u8>)| fs::read(root.join(path)).ok().as_ref() != Some(*content);
        let mut stale: Vec<String> = self.0.iter().filter(differs).map(|(path, _)| path.clone()).collect();
        stale.extend(self.leftovers(root)?);
        Ok(stale)
    }
    fn leftovers(&self, root: &Path) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for (dir, ending) in OWNED {
            let Ok(entries) = fs::read_dir(root.join(dir)) else { continue };
            for entry in entries {
                let path = format!("{dir}/{}", entry?.file_name().to_string_lossy());
                if path.ends_with(ending) && !self.0.contains_key(&path) {
                    found.push(path);
                }
            }
        }
        Ok(found)
    }
}
