//! The processor that a runner is made for: flags for rustc, from a name and a list of features, or from the hosts.

use crate::choice::unknown;
use crate::{BuildError, Template};
use rustle_stream::record::Target;
use rustle_target::common_features;
use rustle_toolchain::Env;

/// Adds the flags for the processor called `name` (`native`: what all of `hosts` have) and the features in `listed`.
///
/// # Errors
/// [`BuildError::Feature`] for what rustc does not know; [`BuildError::Cpu`] where the hosts' processors are not known.
pub(crate) fn choose(env: &Env, template: &mut Template, name: Option<&str>, listed: &[&str], hosts: &[Target]) -> Result<(), BuildError> {
    match name {
        Some("native") => {
            let known = hosts.iter().map(|t| (t.host.as_str(), t.cpu_features.as_slice()));
            let common = common_features(known).map_err(|host| BuildError::Cpu { host, triple: template.triple.clone() })?;
            // rustc need not know each that the kernel tells.
            let valid = ask(env, template, "target-features");
            let mut flags: Vec<String> =
                common.iter().filter(|f| valid.as_ref().is_none_or(|v| v.contains(f))).map(|f| format!("+{f}")).collect();
            flags.sort();
            if !flags.is_empty() {
                template.flag(&format!("-Ctarget-feature={}", flags.join(",")));
            }
        }
        Some(name) => {
            check(ask(env, template, "target-cpus"), "processor", name)?;
            template.flag(&format!("-Ctarget-cpu={name}"));
        }
        None => {}
    }
    if listed.is_empty() {
        return Ok(());
    }
    let valid = ask(env, template, "target-features");
    let mut flags = Vec::new();
    for feature in listed {
        let bare = feature.trim_start_matches(['+', '-']);
        check(valid.clone(), "feature of the processor", bare)?;
        flags.push(if feature.starts_with('-') { format!("-{bare}") } else { format!("+{bare}") });
    }
    // The last word on a feature counts for rustc, so their order does not, unless one is named twice.
    flags.sort();
    template.flag(&format!("-Ctarget-feature={}", flags.join(",")));
    Ok(())
}

fn check(known: Option<Vec<String>>, what: &'static str, name: &str) -> Result<(), BuildError> {
    match known {
        Some(list) if !list.iter().any(|k| k == name) => Err(unknown(what, name, list.iter().map(String::as_str))),
        // cargo gets all flags as one text.
        None if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == ',') => Err(unknown(what, name, std::iter::empty())),
        _ => Ok(()),
    }
}

/// The first word of each line that rustc prints about the platform; `None` where no rustc tells.
fn ask(env: &Env, template: &Template, what: &str) -> Option<Vec<String>> {
    if template.spec.is_some() {
        return None;
    }
    let rustc = env.rustc().map_or_else(|| "rustc".into(), |p| p.display().to_string());
    let out = env.ask(&[&rustc, "--print", what, "--target", &template.triple]).ok().filter(|o| o.success())?;
    let words: Vec<String> = out.stdout_text().lines().filter(|l| l.starts_with(' ')).filter_map(|l| Some(l.split_whitespace().next()?.to_owned())).collect();
    (!words.is_empty()).then_some(words)
}
