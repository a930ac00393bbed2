//! Packs the sources of the runner into this crate, and lists the back ends.
//!
//! Packed are the crates that `bins/rustle-runner` is made of, a workspace manifest with just what they use, and the
//! part of `Cargo.lock` that concerns them: so the digest changes when the runner does, and not when another crate of
//! the repository does. Tests and development dependencies are left out.
//!
//! The archive is, for each file in the order of the paths: length of the path (u32), path, length (u32), content;
//! all compressed with zlib's deflate. Numbers are little-endian.

use flate2::{Compression, write::ZlibEncoder};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

type Files = BTreeMap<String, Vec<u8>>;
type Anything = Box<dyn std::error::Error>;

fn main() {
    // Tests that build for other processors are listed as ignored where the machine is not prepared for them.
    println!("cargo::rustc-check-cfg=cfg(rustle_cross)");
    println!("cargo::rerun-if-env-changed=RUSTLE_CROSS_DIR");
    if std::env::var("RUSTLE_CROSS_DIR").is_ok_and(|d| Path::new(&d).join("env").is_file()) {
        println!("cargo::rustc-cfg=rustle_cross");
    }
    println!("cargo::rustc-check-cfg=cfg(rustle_image, rustle_unshare)");
    println!("cargo::rerun-if-env-changed=RUSTLE_TEST_IMAGE");
    if std::env::var("RUSTLE_TEST_IMAGE").is_ok_and(|i| !i.is_empty()) {
        println!("cargo::rustc-cfg=rustle_image");
    }
    let unshare = std::process::Command::new("unshare").args(["--user", "--map-root-user", "--mount", "true"]).output();
    if unshare.is_ok_and(|o| o.status.success()) {
        println!("cargo::rustc-cfg=rustle_unshare");
    }
    if let Err(e) = backends().and_then(|()| sources()) {
        println!("cargo::error={e}");
    }
}

fn out(name: &str) -> PathBuf {
    Path::new(&std::env::var("OUT_DIR").unwrap_or_default()).join(name)
}

fn backends() -> Result<(), Anything> {
    println!("cargo::rerun-if-changed=src/backends");
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("src/backends");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        names.extend(entry?.file_name().to_str().and_then(|n| n.strip_suffix(".rs")).map(str::to_owned));
    }
    names.sort();
    let mut text = String::new();
    for n in &names {
        writeln!(text, "#[path = {:?}]\nmod b_{n};", folder.join(format!("{n}.rs")))?;
    }
    let list: Vec<String> = names.iter().map(|n| format!("&b_{n}::BACKEND")).collect();
    writeln!(text, "/// Every back end.\npub static BACKENDS: &[&Backend] = &[{}];", list.join(", "))?;
    Ok(std::fs::write(out("backends.rs"), text)?)
}

fn sources() -> Result<(), Anything> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let workspace: Table = read(&root.join("Cargo.toml"))?.parse()?;
    println!("cargo::rerun-if-changed={}", root.join("Cargo.toml").display());
    println!("cargo::rerun-if-changed={}", root.join("Cargo.lock").display());
    let mut packer = Packer { shared: table(&workspace, &["workspace", "dependencies"]), root, ..Packer::default() };
    packer.add("bins/rustle-runner")?;
    packer.files.insert("Cargo.toml".into(), packer.manifest(&workspace)?.into_bytes());
    packer.files.insert("Cargo.lock".into(), packer.lock()?.into_bytes());

    let mut plain = Vec::new();
    for (path, content) in &packer.files {
        plain.extend(u32::try_from(path.len())?.to_le_bytes());
        plain.extend(path.as_bytes());
        plain.extend(u32::try_from(content.len())?.to_le_bytes());
        plain.extend(content);
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&plain)?;
    std::fs::write(out("sources.bin"), encoder.finish()?)?;
    let digest: String = Sha256::digest(&plain).iter().map(|b| format!("{b:02x}")).collect();
    println!("cargo::rustc-env=RUSTLE_SOURCES_SHA256={digest}");
    Ok(())
}

fn read(path: &Path) -> Result<String, Anything> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

fn table(of: &Table, path: &[&str]) -> Table {
    let mut here = of.clone();
    for key in path {
        here = here.get(*key).and_then(Value::as_table).cloned().unwrap_or_default();
    }
    here
}

#[derive(Default)]
struct Packer {
    root: PathBuf,
    /// `[workspace.dependencies]`.
    shared: Table,
    files: Files,
    /// Packed crates: folder → (name, names of its dependencies).
    crates: BTreeMap<String, (String, BTreeSet<String>)>,
    /// Names used from `[workspace.dependencies]`.
    used: BTreeSet<String>,
}

impl Packer {
    /// Packs the crate in `folder` (relative to the root) and those that it depends on by path.
    fn add(&mut self, folder: &str) -> Result<(), Anything> {
        if self.crates.contains_key(folder) {
            return Ok(());
        }
        let dir = self.root.join(folder);
        println!("cargo::rerun-if-changed={}", dir.display());
        let mut manifest: Table = read(&dir.join("Cargo.toml"))?.parse()?;
        manifest.remove("dev-dependencies");
        let name = table(&manifest, &["package"]).get("name").and_then(Value::as_str).unwrap_or(folder).to_owned();
        let mut names = BTreeSet::new();
        let mut below = Vec::new();
        let targets = table(&manifest, &["target"]);
        let all = std::iter::once(manifest.clone()).chain(targets.values().filter_map(Value::as_table).cloned());
        for (section, kind) in all.flat_map(|t| [(t.clone(), "dependencies"), (t, "build-dependencies")]) {
            for (alias, spec) in table(&section, &[kind]) {
                let shared = spec.get("workspace").is_some();
                let source = if shared { self.shared.get(&alias).cloned().unwrap_or(spec.clone()) } else { spec.clone() };
                names.insert(source.get("package").and_then(Value::as_str).unwrap_or(&alias).to_owned());
                let base = if shared { self.root.clone() } else { dir.clone() };
                if let Some(path) = source.get("path").and_then(Value::as_str) {
                    let full = base.join(path).canonicalize()?;
                    below.push(full.strip_prefix(&self.root)?.to_string_lossy().into_owned());
                }
                if shared {
                    self.used.insert(alias);
                }
            }
        }
        self.files.insert(format!("{folder}/Cargo.toml"), toml::to_string(&manifest)?.into_bytes());
        self.crates.insert(folder.to_owned(), (name, names));
        self.tree(&dir, folder)?;
        below.iter().try_for_each(|f| self.add(f))
    }

    fn tree(&mut self, dir: &Path, name: &str) -> Result<(), Anything> {
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            let file = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{name}/{file}");
            let skipped = file.starts_with('.')
                || (self.crates.contains_key(name) && matches!(file.as_str(), "tests" | "benches" | "examples" | "target" | "Cargo.toml"));
            if skipped {
                continue;
            }
            if entry.file_type()?.is_dir() {
                self.tree(&entry.path(), &path)?;
            } else {
                self.files.insert(path, std::fs::read(entry.path())?);
            }
        }
        Ok(())
    }

    /// The workspace's manifest, reduced to the packed crates. Its profile for runners is the project's `release`; the
    /// template adds others.
    fn manifest(&self, original: &Table) -> Result<String, Anything> {
        let mut workspace = Table::new();
        workspace.insert("resolver".into(), table(original, &["workspace"])["resolver"].clone());
        workspace.insert("members".into(), Value::Array(self.crates.keys().map(|k| Value::from(k.as_str())).collect()));
        for key in ["package", "lints"] {
            workspace.insert(key.into(), table(original, &["workspace", key]).into());
        }
        let used: Table = self.shared.iter().filter(|(k, _)| self.used.contains(*k)).map(|(k, v)| (k.clone(), v.clone())).collect();
        workspace.insert("dependencies".into(), used.into());
        let mut all = Table::new();
        all.insert("workspace".into(), workspace.into());
        let mut release = table(original, &["profile", "release"]);
        release.extend(table(original, &["profile", "runner"]));
        release.remove("inherits");
        all.insert("profile".into(), Table::from_iter([("release".to_owned(), Value::from(release))]).into());
        Ok(toml::to_string(&all)?)
    }

    /// The packages of `Cargo.lock` that the packed crates need, in its own order and form.
    fn lock(&self) -> Result<String, Anything> {
        let lock: Table = read(&self.root.join("Cargo.lock"))?.parse()?;
        let packages: Vec<Table> =
            lock.get("package").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table).cloned().collect();
        let text = |p: &Table, key: &str| p.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
        let own: BTreeMap<&String, &BTreeSet<String>> = self.crates.values().map(|(n, d)| (n, d)).collect();
        let mut keep: BTreeMap<(String, String), Table> = BTreeMap::new();
        let mut queue: VecDeque<String> = own.keys().map(|n| (*n).clone()).collect();
        while let Some(wanted) = queue.pop_front() {
            let mut words = wanted.split(' ');
            let (name, version) = (words.next().unwrap_or(""), words.next());
            for package in packages.iter().filter(|p| text(p, "name") == name && version.is_none_or(|v| text(p, "version") == v)) {
                let key = (text(package, "name"), text(package, "version"));
                if keep.contains_key(&key) {
                    continue;
                }
                let mut package = package.clone();
                if let Some(list) = package.get_mut("dependencies").and_then(Value::as_array_mut) {
                    if let Some(direct) = own.get(&key.0) {
                        list.retain(|d| d.as_str().and_then(|d| d.split(' ').next()).is_some_and(|d| direct.contains(d)));
                    }
                    queue.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                keep.insert(key, package);
            }
        }
        // In cargo's own form. Some entries may be left over that only other crates' features need; cargo drops them.
        let mut out = String::from("# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\n");
        writeln!(out, "version = {}", lock.get("version").and_then(Value::as_integer).unwrap_or(4))?;
        let versions = |name: &str| keep.keys().filter(|(n, _)| n == name).count();
        for package in keep.values() {
            out.push_str("\n[[package]]\n");
            for key in ["name", "version", "source", "checksum"] {
                if let Some(value) = package.get(key).and_then(Value::as_str) {
                    writeln!(out, "{key} = {value:?}")?;
                }
            }
            let list = package.get("dependencies").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            if !list.is_empty() {
                out.push_str("dependencies = [\n");
                for name in list.iter().filter_map(Value::as_str) {
                    // The version is named where there are several; here there may be but one left.
                    let bare = name.split(' ').next().unwrap_or(name);
                    writeln!(out, " {:?},", if versions(bare) == 1 { bare } else { name })?;
                }
                out.push_str("]\n");
            }
        }
        Ok(out)
    }
}
