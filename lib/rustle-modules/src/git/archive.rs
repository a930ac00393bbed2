//! Archives of a version.

use super::Git;
use crate::moving::TempFolder;
use crate::paths::basename;
use crate::{Ctx, Failure};
use std::fs;
use std::path::Path;

/// Makes the archive at `path`, in the format that its name says; whether there was none, or another.
pub fn make(git: &Git, ctx: &Ctx, dest: &str, version: &str, path: &str, prefix: Option<&str>) -> Result<bool, Failure> {
    let ending = basename(path).rsplit_once('.').filter(|(name, _)| !name.is_empty()).map(|(_, e)| e);
    let format = match ending {
        Some("zip") => "zip",
        Some("gz") => "tar.gz",
        Some("tar") => "tar",
        Some("tgz") => "tgz",
        _ => {
            let details = "Please specify archive as filename with extension. File extension can be one of ['tar', 'tar.gz', 'zip', 'tgz']";
            return Err(Failure::new(format!("Unable to get file extension from archive file name : {path}")).with("details", details));
        }
    };
    let write = |to: &str| {
        let mut words = vec!["archive", "--format", format, "--output", to];
        if let Some(p) = prefix {
            words.extend(["--prefix", p]);
        }
        words.push(version);
        let out = git.run(ctx, &words, Some(dest))?;
        if out.success() {
            return Ok(());
        }
        let details = format!("Git archive command failed to create archive {to} using {dest} directory.Error: {}", out.err());
        Err(Failure::new("Failed to perform archive operation").with("details", details))
    };
    if !Path::new(path).exists() {
        write(path)?;
        return Ok(true);
    }
    let folder = TempFolder::create(ctx)?;
    let new = format!("{}/new.{format}", folder.path());
    write(&new)?;
    let read = |p: &str| fs::read(p).map_err(|e| Failure::os(&e, p));
    if read(&new)? == read(path)? {
        return Ok(false);
    }
    if fs::rename(&new, path).is_err() {
        // Another file system.
        fs::copy(&new, path).map_err(|e| {
            let details = format!("Error occurred while moving : {}", crate::errors::py_oserror(&e, path));
            Failure::new(format!("Failed to move {new} to {path}")).with("details", details)
        })?;
    }
    Ok(true)
}
