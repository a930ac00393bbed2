//! `fetch`: stores what the host sent below `dest`.

use super::{Action, failed, text};
use base64::Engine as _;
use rustle_playbook::paths;
use rustle_value::{Dict, Value, dict};
use sha2::Digest;

/// The digest that Ansible's results name.
fn sha1(data: &[u8]) -> String {
    sha1::Sha1::digest(data).iter().map(|b| format!("{b:02x}")).collect()
}

fn md5(data: &[u8]) -> String {
    md5::Md5::digest(data).iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) static ACTION: Action = Action {
    name: "fetch",
    run: |world, _, args| {
        let (Some(src), Some(dest)) = (text(args, "src"), text(args, "dest")) else { return failed("src and dest are required") };
        let flag = |key: &str, default: bool| args.get(key).and_then(rustle_engine::to_bool).unwrap_or(default);
        let fetched = args.get("_fetched").cloned().unwrap_or_default();
        if fetched.get("failed").is_some_and(Value::truthy) {
            let why = fetched.get("msg").map(rustle_value::py_str).unwrap_or_default();
            const MISSING: &str = "the remote file does not exist, not transferring, ignored";
            let missing = why.contains("not found") || why.contains("No such file");
            if missing && !flag("fail_on_missing", true) {
                return Ok(dict! { "changed" => false, "file" => src, "msg" => MISSING });
            }
            // What went wrong is what the module said there; the result says it in the action's words.
            let mut result = match fetched {
                Value::Dict(d) => (*d).clone(),
                _ => Dict::new(),
            };
            if missing {
                result.insert("_ansible_cause", why);
                result.insert("msg", MISSING);
            }
            result.insert("changed", false);
            return Ok(result);
        }
        let Some(content) = fetched.get("content").and_then(Value::as_str) else { return failed("the host sent no content") };
        let Ok(data) = base64::engine::general_purpose::STANDARD.decode(content) else { return failed("the host sent content that is not base64") };
        let host = text(args, "_delegate").unwrap_or_else(|| world.host.clone());
        let base = world.shared.playbook_dir(&world.play.play);
        let trailing = dest.ends_with('/');
        let mut target = paths::absolute(&paths::expand(&dest), &base);
        if flag("flat", false) {
            if trailing || std::path::Path::new(&target).is_dir() && dest.ends_with('/') {
                target = paths::join(&target, paths::base(&src));
            }
        } else {
            // The host's path becomes a part of ours: `..` in it must not lead out.
            let inside: Vec<&str> = src.split('/').filter(|p| !matches!(*p, "" | "." | "..")).collect();
            target = paths::join(&paths::join(&target, &host), &inside.join("/"));
        }
        if std::path::Path::new(&target).is_dir() {
            return failed(format!("dest is an existing directory, use a trailing slash if you want to fetch src into that directory: {target}"));
        }
        let checksum = sha1(&data);
        let before = std::fs::read(&target).ok();
        let changed = before.as_deref() != Some(&data[..]);
        if changed {
            let written = std::path::Path::new(&target)
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&target, &data));
            if let Err(e) = written {
                return failed(format!("Failed to fetch the file: {target}: {e}"));
            }
        }
        Ok(dict! {
            "changed" => changed,
            "dest" => target,
            "md5sum" => md5(&data),
            "remote_md5sum" => Value::Null,
            "checksum" => checksum.as_str(),
            "remote_checksum" => checksum.as_str(),
            "file" => src,
        })
    },
};
