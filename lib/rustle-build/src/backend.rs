//! Ways to build a runner. One file each in `src/backends`; a back end says whether it can, and what to run.

use crate::container::Container;
use crate::{BuildError, Template};
use rustle_stream::record::Capabilities;
use rustle_toolchain::{Env, working};

/// A build that is wanted.
pub struct Request<'a> {
    pub env: &'a Env,
    pub caps: &'a Capabilities,
    pub template: &'a Template,
    /// Whether it is for the platform of this machine.
    pub own: bool,
    /// No network.
    pub offline: bool,
}

/// A command line for cargo, or for what stands in for it.
#[derive(Debug, Default)]
pub struct Job {
    /// Program, then arguments before those that all back ends share (`--profile`, `--target`, …).
    pub words: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Added to the template's.
    pub rustflags: Vec<String>,
    /// What `--target` gets, where it is not the triple itself.
    pub target: Option<String>,
    /// Cargo runs in a container; then neither `words` nor `target` count.
    pub container: Option<Container>,
}

/// One way to build.
pub struct Backend {
    pub name: &'static str,
    /// The order in which back ends are tried where the user gives none; `None`: not for this request, silently.
    pub rank: fn(&Request) -> Option<u32>,
    /// What to run.
    ///
    /// # Errors
    /// Words for a person: why it cannot build this.
    pub job: fn(&Request) -> Result<Job, String>,
}

include!(concat!(env!("OUT_DIR"), "/backends.rs"));

impl Request<'_> {
    /// The command of a tool that works.
    pub(crate) fn tool(&self, name: &str) -> Result<&[String], String> {
        if let Some(tool) = working(self.caps, name) {
            return Ok(&tool.command);
        }
        let problem = self.caps.tools.iter().find(|t| t.name == name).and_then(|t| t.problem.as_deref());
        Err(format!("{name}: {}", problem.unwrap_or("not found")))
    }
    /// Whether the standard library of the triple is installed.
    pub(crate) fn std_installed(&self) -> Result<(), String> {
        if self.template.spec.is_some() {
            return Err("no standard library is ready for a platform of your own".into());
        }
        if self.caps.installed_targets.contains(&self.template.triple) {
            return Ok(());
        }
        Err(format!("the standard library for {} is not installed", self.template.triple))
    }
    /// The zig that cargo-zigbuild shall use, where it is a program of its own.
    pub(crate) fn zig_env(&self) -> Result<Vec<(String, String)>, String> {
        Ok(match self.tool("zig")? {
            [path] => vec![("CARGO_ZIGBUILD_ZIG_PATH".into(), path.clone())],
            _ => Vec::new(),
        })
    }
    /// What rustc is told where zig links. Paths are relative to the project.
    pub(crate) fn zig_rustflags(&self) -> Vec<String> {
        let windows = self.template.triple.ends_with("-windows-gnu");
        windows.then(|| format!("-Lnative={}", crate::template::EMPTY_LIBRARIES)).into_iter().collect()
    }
    /// With zig the glibc to link against can be chosen.
    pub(crate) fn zig_target(&self) -> Option<String> {
        let triple = &self.template.triple;
        triple.contains("-linux-gnu").then(|| format!("{triple}.{}", crate::zig::glibc(triple)))
    }
}

/// Back ends in the order in which they are tried: the user's, or each by its rank.
///
/// # Errors
/// [`BuildError::Backend`] for a name that is none.
pub(crate) fn order(request: &Request, chosen: Option<&[String]>) -> Result<Vec<&'static Backend>, BuildError> {
    if let Some(names) = chosen {
        let find = |n: &String| BACKENDS.iter().copied().find(|b| b.name == n).ok_or_else(|| BuildError::Backend(n.clone()));
        return names.iter().map(find).collect();
    }
    let mut list: Vec<(u32, &Backend)> = BACKENDS.iter().filter_map(|b| Some(((b.rank)(request)?, *b))).collect();
    list.sort_by_key(|(rank, b)| (*rank, b.name));
    Ok(list.into_iter().map(|(_, b)| b).collect())
}
