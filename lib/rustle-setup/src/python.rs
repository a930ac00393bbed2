//! Programs from PyPI, in a virtual environment of rustle's own: so the system's Python may be one that forbids
//! installing into it.

use crate::{Site, SetupError};
use std::path::PathBuf;

/// Where a package was put.
pub(crate) struct Installed {
    /// Its programs.
    pub bin: PathBuf,
    /// Its modules.
    pub modules: PathBuf,
}

/// The folder.
pub(crate) fn place(site: &Site) -> Result<PathBuf, SetupError> {
    Ok(site.tools_dir()?.join("python"))
}

/// Installs a package in exactly this version, without what it depends on. What was there of it is replaced.
pub(crate) fn install(site: &Site, package: &str, version: &str) -> Result<Installed, SetupError> {
    let Some(python) = site.env.which("python3") else {
        return Err(SetupError::Missing("there is no python3 to install it with".into()));
    };
    let dir = place(site)?;
    std::fs::create_dir_all(&dir).map_err(SetupError::io(&dir))?;
    let wanted = format!("{package}=={version}");
    // Wheels only: what would have to be compiled is none of this.
    let pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"];
    let own = dir.join("bin/python3");
    let runs = || {
        let mut c = site.command(&own);
        c.args(["-m", "pip", "--version"]);
        own.exists() && site.run(c).is_ok()
    };
    if !runs() {
        let mut c = site.command(&python);
        c.args(["-m", "venv", "--clear"]).arg(&dir);
        if let Err(no_venv) = site.run(c) {
            // Debian's Python has no venv without a package of its own; a folder does as well, where pip is.
            _ = std::fs::remove_dir_all(&dir);
            let folder = dir.join("packages");
            let mut c = site.command(&python);
            c.args(pip).args(["--upgrade", "--target"]).arg(&folder).arg(&wanted);
            return match site.run(c) {
                Ok(_) => Ok(Installed { bin: folder.join("bin"), modules: folder }),
                Err(no_pip) => Err(SetupError::Missing(format!(
                    "python3 can make no virtual environment ({no_venv}), and install nothing into a folder ({no_pip}): install the package python3-venv"
                ))),
            };
        }
    }
    let mut c = site.command(&own);
    c.args(pip).args(["--force-reinstall", &wanted]);
    site.run(c)?;
    let mut c = site.command(&own);
    c.args(["-c", "import sysconfig; print(sysconfig.get_path('platlib'))"]);
    let modules = PathBuf::from(site.run(c)?.trim());
    Ok(Installed { bin: dir.join("bin"), modules })
}
