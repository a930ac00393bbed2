//! Cargo in a container of docker or podman, from an image that the settings name (`build.container_image`) and that
//! has cargo, the platform's standard library and a linker for it; or cargo-zigbuild, which is then used.
//!
//! No image is fetched unless `build.container_pull` allows it.

use crate::container::{Container, image};
use crate::{Backend, Job, Request};

pub static BACKEND: Backend = Backend {
    name: "container",
    rank: |r| image(r.env, &r.template.triple).map(|_| 40),
    job: |r| {
        let Some(image) = image(r.env, &r.template.triple) else {
            let off = !r.env.flag("RUSTLE_CROSS_COMPILE_DOCKER", true);
            return Err(if off { "switched off (build.container)" } else { "no image is named (build.container_image)" }.into());
        };
        let engine = engine(r)?;
        if r.template.triple.ends_with("-msvc") {
            return Err("no image links for MSVC".into());
        }
        let mut options = Vec::new();
        let pull = r.env.flag("RUSTLE_CONTAINER_PULL", false) && !r.offline;
        let there = ask(r, engine, &["image", "inspect", "--format", "{{.Id}}", &image]).is_ok();
        if !there && !pull {
            let way = if r.offline { String::new() } else { "; build.container_pull = true fetches it".to_owned() };
            return Err(format!("the image {image} is not on this machine{way}"));
        }
        // What is there is used: an image must not change because a registry has another one.
        options.extend(["--pull".to_owned(), if there { "never" } else { "missing" }.into()]);
        let podman = is_podman(r, engine);
        options.extend(user(r, engine, podman));
        let memory = r.env.number("RUSTLE_CONTAINER_MEMORY").or((!podman).then_some(USUAL_MEMORY));
        // Podman without cgroups refuses to start with a limit, so there it must be asked for.
        options.extend(memory.map(|m| format!("--memory={m}")));
        options.extend(r.env.number("RUSTLE_CONTAINER_CPUS").map(|c| format!("--cpus={c}")));
        let network = if r.offline { Some("none") } else { r.env.var("RUSTLE_CONTAINER_NETWORK") };
        options.extend(network.map(|n| format!("--network={n}")));
        // zig links no static glibc, which the runner for this machine's platform shall be.
        let zig = !(r.own && r.template.triple.contains("-gnu"));
        let zig_target = zig.then(|| r.zig_target().unwrap_or_else(|| r.template.triple.clone()));
        Ok(Job { container: Some(Container { engine: engine.to_vec(), image, options, zig_target }), ..Job::default() })
    },
};

/// Linking the whole runner at once takes some gigabytes.
const USUAL_MEMORY: u64 = 4 << 30;

fn engine<'a>(r: &'a Request) -> Result<&'a [String], String> {
    if let Some(name) = r.env.var("RUSTLE_CONTAINER_ENGINE") {
        return r.tool(name);
    }
    r.tool("docker").or_else(|docker| r.tool("podman").map_err(|podman| if podman.ends_with("not found") { docker } else { podman }))
}

fn ask(r: &Request, engine: &[String], args: &[&str]) -> Result<String, String> {
    let words: Vec<&str> = engine.iter().map(String::as_str).chain(args.iter().copied()).collect();
    r.env.ask(&words).map(|o| o.stdout_text())
}

/// Podman comes under docker's name, too.
fn is_podman(r: &Request, engine: &[String]) -> bool {
    ask(r, engine, &["--version"]).is_ok_and(|v| v.to_lowercase().contains("podman"))
}

/// Files that the build makes belong to the calling user. An engine without root does that by itself: its root is
/// the user.
fn user(r: &Request, engine: &[String], podman: bool) -> Option<String> {
    // SAFETY: both calls only read the process's credentials.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    let rootless = if podman { user != 0 } else { ask(r, engine, &["info", "--format", "{{json .SecurityOptions}}"]).is_ok_and(|o| o.contains("rootless")) };
    (!rootless).then(|| format!("--user={user}:{group}"))
}
