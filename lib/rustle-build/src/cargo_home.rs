//! A cargo home for containers: packages that this machine has fetched already are copied in, so that a container
//! without network can build. The user's own cargo home is never mounted: a container may write into this one, and
//! the user's has credentials.
//!
//! Cargo compares what it unpacks with the digests of `Cargo.lock`, so nothing that a container writes here can reach
//! another build unseen.
//!
//! Limits: of the user's configuration only what says how registries are reached is taken, and no tokens; a source in
//! a folder of this machine is not there inside.

use crate::BuildError;
use rustle_toolchain::Env;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Makes the folder and copies what is missing in it.
///
/// # Errors
/// [`BuildError::Io`].
pub(crate) fn prepare(env: &Env, home: &Path, lock: &Path) -> Result<(), BuildError> {
    std::fs::create_dir_all(home).map_err(BuildError::io(home))?;
    let user = env.var("CARGO_HOME").map(PathBuf::from).or_else(|| env.var("HOME").map(|h| PathBuf::from(h).join(".cargo")));
    let Some(user) = user else { return Ok(()) };
    let text = config(&user);
    let path = home.join("config.toml");
    if std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
        std::fs::write(&path, &text).map_err(BuildError::io(&path))?;
    }
    let lock: Table = std::fs::read_to_string(lock).ok().and_then(|t| t.parse().ok()).unwrap_or_default();
    let packages = lock.get("package").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let word = |p: &Value, key: &str| p.get(key).and_then(Value::as_str).map(str::to_owned);
    let packages: Vec<(String, String)> =
        packages.iter().filter(|p| p.get("source").is_some()).filter_map(|p| Some((word(p, "name")?, word(p, "version")?))).collect();
    for registry in folders(&user.join("registry/cache")) {
        let (from, to) = (user.join("registry/cache").join(&registry), home.join("registry/cache").join(&registry));
        for (name, version) in &packages {
            let file = format!("{name}-{version}.crate");
            copy(&from.join(&file), &to.join(&file), false)?;
        }
    }
    for registry in folders(&user.join("registry/index")) {
        let (from, to) = (user.join("registry/index").join(&registry), home.join("registry/index").join(&registry));
        copy(&from.join("config.json"), &to.join("config.json"), false)?;
        for (name, _) in &packages {
            let file = Path::new(".cache").join(place(name));
            copy(&from.join(&file), &to.join(&file), true)?;
        }
    }
    Ok(())
}

/// Names of the folders in a folder.
fn folders(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).filter_map(|e| e.file_name().into_string().ok()).collect()
}

/// Where a registry's index has a package.
fn place(name: &str) -> PathBuf {
    let name = name.to_lowercase();
    match (name.len(), name.is_ascii()) {
        (1 | 2, _) | (_, false) => Path::new(&name.len().to_string()).join(&name),
        (3, _) => Path::new("3").join(&name[..1]).join(&name),
        _ => Path::new(&name[..2]).join(&name[2..4]).join(&name),
    }
}

/// Copies a file that is there and not at its goal; with `newer`, also one that is newer than the one at its goal.
/// The copy appears at once: another build may be reading.
fn copy(from: &Path, to: &Path, newer: bool) -> Result<(), BuildError> {
    let time = |p: &Path| p.metadata().and_then(|m| m.modified()).ok();
    let (Some(theirs), ours) = (time(from), time(to)) else { return Ok(()) };
    if ours.is_some_and(|ours| !newer || ours >= theirs) {
        return Ok(());
    }
    let dir = to.parent().unwrap_or(to);
    std::fs::create_dir_all(dir).map_err(BuildError::io(dir))?;
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(BuildError::io(dir))?;
    let mut source = std::fs::File::open(from).map_err(BuildError::io(from))?;
    std::io::copy(&mut source, &mut file).map_err(BuildError::io(to))?;
    file.persist(to).map_err(|e| BuildError::io(to)(e.error))?;
    Ok(())
}

/// What the user's configuration says of registries.
fn config(user: &Path) -> String {
    let text = ["config.toml", "config"].iter().find_map(|n| std::fs::read_to_string(user.join(n)).ok()).unwrap_or_default();
    let all: Table = text.parse().unwrap_or_default();
    let mut kept = Table::new();
    for name in ["source", "registries", "registry", "http", "net"] {
        if let Some(Value::Table(section)) = all.get(name) {
            let mut section = section.clone();
            strip(&mut section);
            kept.insert(name.into(), section.into());
        }
    }
    toml::to_string(&kept).unwrap_or_default()
}

/// Without secrets, and without files of this machine.
fn strip(table: &mut Table) {
    table.retain(|key, _| !["token", "secret-key", "credential-provider", "global-credential-providers", "cainfo", "proxy"].contains(&key));
    table.iter_mut().filter_map(|(_, v)| v.as_table_mut()).for_each(strip);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fetched_packages_come_along_and_secrets_stay() {
        let dir = tempfile::tempdir().unwrap();
        let user = dir.path().join("user");
        let write = |name: &str, text: &str| {
            let path = user.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("config.toml", "[registries.mine]\nindex = \"sparse+https://r/\"\ntoken = \"hidden\"\n[source.crates-io]\nreplace-with = \"mine\"\n[build]\nrustc-wrapper = \"x\"\n");
        write("credentials.toml", "token = \"hidden\"");
        write("registry/cache/r-1/serde-1.0.0.crate", "crate");
        write("registry/cache/r-1/other-1.0.0.crate", "crate");
        write("registry/index/r-1/config.json", "{}");
        write("registry/index/r-1/.cache/se/rd/serde", "index");
        let lock = dir.path().join("Cargo.lock");
        std::fs::write(&lock, "[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\n").unwrap();
        let home = dir.path().join("home");
        let env = Env::of([("CARGO_HOME", user.to_str().unwrap())]);
        prepare(&env, &home, &lock).unwrap();
        prepare(&env, &home, &lock).unwrap();
        for (file, there) in [
            ("registry/cache/r-1/serde-1.0.0.crate", true),
            ("registry/cache/r-1/other-1.0.0.crate", false),
            ("registry/index/r-1/config.json", true),
            ("registry/index/r-1/.cache/se/rd/serde", true),
            ("credentials.toml", false),
        ] {
            assert_eq!(home.join(file).exists(), there, "{file}");
        }
        let config = std::fs::read_to_string(home.join("config.toml")).unwrap();
        assert!(config.contains("replace-with") && config.contains("sparse+https://r/") && !config.contains("hidden") && !config.contains("wrapper"), "{config}");
        let places = ["a", "ab", "abc", "Serde"].map(|n| place(n).display().to_string());
        assert_eq!(places, ["1/a", "2/ab", "3/a/abc", "se/rd/serde"]);
    }
}
