//! What the modules that edit text files share: reading, validating and writing, attributes and their message.

use crate::errors::py_oserror;
use crate::paths::realpath;
use crate::{Ctx, Diff, Failure, FileArgs};
use std::path::Path;

/// The file must not be a folder; whether it is there.
pub fn look(path: &str) -> Result<bool, Failure> {
    if Path::new(path).is_dir() {
        return Err(Failure::new(format!("Path {path} is a directory !")).with("rc", 256));
    }
    Ok(Path::new(path).exists())
}

/// Makes the folder of a file that is going to be made.
pub fn make_folder(ctx: &Ctx, path: &str) -> Result<(), Failure> {
    let folder = crate::paths::dirname(path);
    if !folder.is_empty() && !Path::new(folder).exists() && !ctx.check_mode {
        std::fs::create_dir_all(folder).map_err(|e| Failure::new(format!("Error creating {folder} ({})", py_oserror(&e, folder))))?;
    }
    Ok(())
}

/// Writes the new content to what the path leads to, after `validate` has approved it.
pub fn write(ctx: &mut Ctx, path: &str, data: &[u8], validate: Option<&str>, unsafe_writes: bool) -> Result<(), Failure> {
    let target = realpath(path);
    if let Some(v) = validate {
        let tmp = crate::moving::TempFile::create(&ctx.tmpdir(), "tmp", data).map_err(|e| Failure::new(py_oserror(&e, path)))?;
        ctx.validate(Some(v), tmp.path()).map_err(|f| match f.result.get("exit_status") {
            Some(rc) => {
                let err = f.result.get("stderr").map(rustle_value::py_str).unwrap_or_default();
                Failure::new(format!("failed to validate: rc:{rc} error:{err}"))
            }
            None => f,
        })?;
    }
    ctx.write_atomic(&target, data, unsafe_writes)
}

/// Sets the attributes; `changed` and the message with what that adds.
pub fn attributes(ctx: &mut Ctx, path: &str, file: &FileArgs, changed: bool, msg: String, diff: &mut Diff) -> Result<(bool, String), Failure> {
    if !ctx.set_file_attributes(path, file, false, Some(diff))? {
        return Ok((changed, msg));
    }
    let join = if msg.is_empty() { "" } else { " and " };
    Ok((true, format!("{msg}{join}ownership, perms or SE linux context changed")))
}
