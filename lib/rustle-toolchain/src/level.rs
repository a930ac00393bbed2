//! From tools to a level, and to advice in the order of its impact.

use crate::{Capabilities, Env, Recommendation, TOOLS, Tool, unfit};

/// Everything that was found, for those who give advice.
pub struct Advice<'a> {
    pub env: &'a Env,
    pub tools: &'a [Tool],
    pub installed_targets: &'a [String],
}

impl Advice<'_> {
    /// Whether this tool works.
    pub fn has(&self, name: &str) -> bool {
        self.tools.iter().any(|t| t.name == name && t.works)
    }
    /// What is wrong with a tool: `missing` where there is none, else its problem.
    pub(crate) fn trouble(&self, name: &str, missing: &str, what: &str) -> String {
        match self.tools.iter().find(|t| t.name == name && !t.command.is_empty() && !t.works) {
            Some(t) => format!("{what} at {} is of no use: {}", t.command.join(" "), t.problem.as_deref().unwrap_or("does not run")),
            None => missing.to_owned(),
        }
    }
    /// Whether any container engine works.
    pub fn containers(&self) -> bool {
        self.has("docker") || self.has("podman")
    }
    /// Whether there is a standard library, or its source, for another platform than this one.
    pub fn foreign_std(&self) -> bool {
        self.has("rust-src") || self.installed_targets.len() > 1
    }
    /// The command that installs a Debian, Fedora, Arch or Alpine package here; `None` on another system.
    pub fn install(&self, package: &str) -> Option<String> {
        package_command(self.env, package)
    }
    fn level(&self) -> &'static str {
        let compiles = self.has("rustc") && self.has("cargo");
        let crosses = self.has("zig") && self.has("cargo-zigbuild") && self.foreign_std();
        match (compiles, crosses || self.containers(), self.has("ssh")) {
            (true, true, _) => "Full",
            (true, false, _) | (false, true, _) => "Limited",
            (false, false, true) => "Minimal",
            (false, false, false) => "Insufficient",
        }
    }
}

/// The command that installs a Debian, Fedora, Arch, Alpine or Homebrew package here; `None` on another system.
pub fn package_command(env: &Env, package: &str) -> Option<String> {
    [("apt-get", "install -y"), ("dnf", "install -y"), ("pacman", "-S --noconfirm"), ("apk", "add"), ("brew", "install")]
        .into_iter()
        .find(|(tool, _)| env.which(tool).is_some())
        .map(|(tool, verb)| format!("{tool} {verb} {package}"))
}

/// `Full`: builds runners for other platforms. `Limited`: only for this one, or only in containers. `Minimal`: none,
/// so hosts unlike this machine fall back to SSH. `Insufficient`: not even that.
pub(crate) fn judge(env: &Env, mut tools: Vec<Tool>, installed_targets: Vec<String>) -> Capabilities {
    unfit::judge(&mut tools);
    let advice = Advice { env, tools: &tools, installed_targets: &installed_targets };
    let level = advice.level().to_owned();
    let mut recommendations: Vec<Recommendation> = TOOLS.iter().filter_map(|t| (t.advise)(&advice)).collect();
    let rank = |r: &Recommendation| ["critical", "high", "medium", "low"].iter().position(|x| *x == r.impact);
    recommendations.sort_by_key(rank);
    Capabilities { level, tools, installed_targets, recommendations, ..Capabilities::default() }
}

/// A recommendation.
pub(crate) fn recommend(impact: &str, text: &str, command: Option<String>) -> Option<Recommendation> {
    Some(Recommendation { impact: impact.into(), text: text.into(), command })
}
