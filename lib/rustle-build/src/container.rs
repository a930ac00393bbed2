//! Cargo in a container: the engine's command line, and what is mounted.
//!
//! The project's folder and a cargo home of the containers' own are mounted, nothing else of this machine. The
//! container runs as the calling user, without capabilities, and is removed when it ends, when its time is over, and
//! when this program dies. Values of variables never reach a command line.
//!
//! Limits: an image is known by its name. When another image gets the same name, `--refresh` builds anew.

use crate::cargo_home;
use crate::BuildError;
use rustle_toolchain::Env;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where the project is inside.
pub(crate) const PROJECT: &str = "/rustle/project";
const CARGO_HOME: &str = "/rustle/cargo";

/// `$1` is the platform as zig wants it, or empty; `$2` its triple. An image that has cargo-zigbuild links with it.
const SCRIPT: &str = "z=$1 t=$2; shift 2
if [ -n \"$z\" ] && command -v cargo-zigbuild >/dev/null 2>&1; then exec cargo zigbuild --target \"$z\" \"$@\"; fi
command -v cargo >/dev/null 2>&1 || { echo 'error: the image has no cargo' >&2; exit 127; }
exec cargo build --target \"$t\" \"$@\"";

/// What a back end chooses of it.
#[derive(Clone, Debug, Default)]
pub struct Container {
    /// The client's command.
    pub engine: Vec<String>,
    pub image: String,
    /// Arguments of `run` for users, limits, network.
    pub options: Vec<String>,
    /// The platform for zig, where the image may link with it.
    pub zig_target: Option<String>,
}

/// The image for a platform, as the settings name it; `None` where they name none, or switch containers off.
pub(crate) fn image(env: &Env, triple: &str) -> Option<String> {
    if !env.flag("RUSTLE_CROSS_COMPILE_DOCKER", true) {
        return None;
    }
    let image = env.var("RUSTLE_DOCKER_IMAGE")?.replace("{triple}", triple);
    Some(match env.var("RUSTLE_DOCKER_REGISTRY") {
        Some(registry) => format!("{}/{image}", registry.trim_end_matches('/')),
        None => image,
    })
}

/// The cache's key of runners that the platform's image builds from the template of this hash.
pub(crate) fn key(env: &Env, triple: &str, hash: &str) -> Option<String> {
    let image = image(env, triple)?;
    Some(crate::sha256(format!("{hash}\ncontainer {image}\n").as_bytes()))
}

/// A container that is about to run.
pub(crate) struct Run {
    pub command: Command,
    /// The command that removes the container, whatever its state.
    pub remove: Vec<String>,
}

impl Container {
    /// Cargo with these arguments, on the project in `dir`. `inside` are the variables that it sees; `home` is kept
    /// between builds.
    ///
    /// # Errors
    /// [`BuildError::Io`]; a path that no mount can name.
    pub(crate) fn run(&self, env: &Env, triple: &str, args: &[String], inside: &[(String, String)], dir: &Path, home: &Path) -> Result<Run, BuildError> {
        cargo_home::prepare(env, home, &dir.join("Cargo.lock"))?;
        let name = name();
        let mut command = Command::new(&self.engine[0]);
        command.args(&self.engine[1..]).args(["run", "--rm", "--name", &name, "--label", "rustle=build"]);
        command.args(["--cap-drop", "all", "--security-opt", "no-new-privileges", "--security-opt", "label=disable"]).args(&self.options);
        for (source, target) in [(dir, PROJECT), (home, CARGO_HOME)] {
            command.arg("--mount").arg(mount(source, target)?);
        }
        command.args(["--workdir", PROJECT, "--entrypoint", "/bin/sh"]);
        command.env_clear().envs(env.vars());
        let fixed = [("CARGO_HOME", CARGO_HOME), ("HOME", "/tmp")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let outer = env.vars().filter_map(|(k, v)| Some((k.to_str()?.to_owned(), v.to_str()?.to_owned())));
        // The client must keep its own HOME; this one may stand on the command line.
        for (name, value) in outer.filter(|(k, _)| passes(k)).chain(inside.iter().cloned()) {
            command.arg("--env").arg(&name).env(&name, value);
        }
        for (name, value) in fixed {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        command.args([&self.image, "-c", SCRIPT, "sh", self.zig_target.as_deref().unwrap_or(""), triple]).args(args);
        let remove = self.engine.iter().cloned().chain(["rm".into(), "--force".into(), name]).collect();
        Ok(Run { command, remove })
    }
}

/// How cargo reaches its registry: variables of this machine that count inside, too.
fn passes(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    matches!(lower.as_str(), "http_proxy" | "https_proxy" | "all_proxy" | "no_proxy")
        || ["CARGO_HTTP_", "CARGO_NET_", "CARGO_SOURCE_", "CARGO_REGISTRIES_"].iter().any(|p| name.starts_with(p)) && name != "CARGO_HTTP_CAINFO"
}

fn name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    let text = format!("{} {now} {}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    format!("rustle-build-{}", &crate::sha256(text.as_bytes())[..16])
}

fn mount(source: &Path, target: &str) -> Result<String, BuildError> {
    let problem = |what: &str| BuildError::Unfit(format!("{} cannot be mounted: its name has {what}", source.display()));
    let text = source.to_str().ok_or_else(|| problem("bytes that are no UTF-8"))?;
    if text.contains([',', '"', '\n']) {
        return Err(problem("a comma, a quote or a line's end"));
    }
    Ok(format!("type=bind,source={text},target={target}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_by_platform_and_registry() {
        let of = |vars: &[(&str, &str)]| image(&Env::of(vars.iter().copied()), "t");
        assert_eq!(of(&[]), None);
        let named = ("RUSTLE_DOCKER_IMAGE", "me/rust-{triple}:1");
        assert_eq!(of(&[named]).as_deref(), Some("me/rust-t:1"));
        assert_eq!(of(&[named, ("RUSTLE_DOCKER_REGISTRY", "r.example:5000/")]).as_deref(), Some("r.example:5000/me/rust-t:1"));
        assert_eq!(of(&[named, ("RUSTLE_CROSS_COMPILE_DOCKER", "false")]), None);
        let key = |vars: [(&str, &str); 1]| super::key(&Env::of(vars), "t", "hash").unwrap();
        assert_ne!(key([named]), key([("RUSTLE_DOCKER_IMAGE", "other")]));
    }

    #[test]
    fn values_stay_off_the_command_line() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::of([("https_proxy", "http://user:secret@proxy"), ("HOME", "/nonexistent"), ("AWS_KEY", "other-secret")]);
        let container = Container { engine: vec!["docker".into()], image: "i".into(), options: vec!["--memory=1g".into()], zig_target: None };
        let inside = [("RUSTFLAGS".to_owned(), "-Ca".to_owned())];
        let run = container.run(&env, "t", &["--bin=x".into()], &inside, dir.path(), &dir.path().join("home")).unwrap();
        let words: Vec<String> = run.command.get_args().map(|a| a.to_string_lossy().into_owned()).collect();
        let text = words.join(" ");
        assert!(!text.contains("secret") && text.contains("--env https_proxy --env RUSTFLAGS --env CARGO_HOME=/rustle/cargo"), "{text}");
        assert!(text.starts_with("run --rm --name rustle-build-") && text.contains(" --memory=1g ") && text.ends_with(" sh  t --bin=x"), "{text}");
        assert_eq!(run.remove[..3], ["docker", "rm", "--force"]);
        assert!(text.contains(run.remove.last().unwrap()));
        let strange = dir.path().join("a,b");
        assert!(container.run(&env, "t", &[], &[], &strange, dir.path()).is_err());
    }
}
