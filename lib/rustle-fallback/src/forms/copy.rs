//! `copy` (and `template`, which is one): the content goes to a temporary file of the host, and Ansible's module puts
//! it in its place. Where the file has that content already, only its attributes are seen to, as Ansible does it.

use super::{Form, bad, blob, path_word, text};
use crate::python;
use crate::remote::Remote;
use crate::trouble::Trouble;
use rustle_modules::text::{MAX_DIFF, content_diff};
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, Value, dict};

pub(crate) static FORM: Form = Form { name: "copy", run };

fn run(remote: &Remote, request: &ModuleRequest) -> Result<Dict, Trouble> {
    match blob(request, request.args.get("_source")) {
        Some(content) => place(remote, request, request.args.clone(), &content),
        // What is on the host already.
        None => python::module(remote, request, "ansible.builtin.copy", request.args.clone()),
    }
}

/// The file's content is right: what the arguments say about its attributes.
fn attributes(remote: &Remote, request: &ModuleRequest, mut args: Dict, path: &str, content: &[u8]) -> Result<Dict, Trouble> {
    for key in ["backup", "force", "validate", "directory_mode", "checksum", "dest"] {
        args.remove(key);
    }
    args.insert("path", path);
    args.insert("state", "file");
    let mut result = python::module(remote, request, "ansible.builtin.file", args)?;
    if !bad(&result) {
        result.insert("checksum", rustle_modules::hash::sha1(content));
        result.insert("dest", path);
    }
    Ok(result)
}

/// What is at the destination.
struct Seen {
    /// The destination is a folder.
    folder: bool,
    /// There is a file already, reached through a link or not.
    there: bool,
    link: bool,
    path: String,
    content: Vec<u8>,
}

/// Puts `content` where the arguments say, with everything that they say about it.
pub(super) fn place(remote: &Remote, request: &ModuleRequest, mut args: Dict, content: &[u8]) -> Result<Dict, Trouble> {
    let dest = text(&args, "dest").unwrap_or_default();
    let name = text(&args, "_original_basename");
    let shown = text(&args, "_source_path");
    let mode = args.get("_source_mode").and_then(Value::as_i64);
    for key in ["_source", "_source_path", "_source_mode", "content", "local_follow", "decrypt", "remote_src", "src"] {
        args.remove(key);
    }
    if let (Some("preserve"), Some(mode)) = (args.get("mode").and_then(Value::as_str), mode) {
        args.insert("mode", format!("{:04o}", mode & 0o7777));
    }
    let sum = rustle_modules::hash::sha1(content);
    if let Some(expected) = text(&args, "checksum").filter(|e| *e != sum) {
        return Err(Trouble::Failed(dict! {
            "failed" => true,
            "changed" => false,
            "msg" => "Copied file does not match the expected checksum. Transfer failed.",
            "checksum" => sum,
            "expected_checksum" => expected,
        }));
    }
    let seen = look(remote, request, &dest, name.as_deref())?;
    if name.is_none() && seen.folder {
        return Err(Trouble::failed("can not use content with a dir as dest"));
    }
    let follow = text(&args, "follow").is_some_and(|f| rustle_modules::convert::parse_bool(&f).unwrap_or(false));
    if seen.there && seen.content == content && (follow || !seen.link) {
        return attributes(remote, request, args, &seen.path, content);
    }
    let extension = name.as_deref().and_then(|n| n.rfind('.').filter(|at| *at > 0).map(|at| &n[at..])).unwrap_or_default();
    let extension: String = extension.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    let path = remote.put(request, &format!(".source{extension}"), content)?;
    args.insert("src", path.as_str());
    let result = python::module(remote, request, "ansible.builtin.copy", args);
    // The module moved it away, or had no use for it.
    let moved = result.as_ref().is_ok_and(|r| !request.check && !bad(r) && r.get("changed").is_some_and(Value::truthy));
    if !moved {
        remote.remove(request, &path)?;
    }
    let mut result = result?;
    let changed = result.get("changed").is_some_and(Value::truthy);
    if bad(&result) {
        if !result.contains_key("checksum") {
            result.insert("checksum", sum);
        }
        return Ok(result);
    }
    if request.check && changed {
        result.retain(|k, _| matches!(k.as_str(), Some("changed" | "invocation" | "warnings" | "deprecations" | "diff")));
    }
    if !changed {
        // Nothing was copied.
        for key in ["src", "md5sum"] {
            result.remove(key);
        }
        if let Some(d) = result.get("dest").cloned() {
            result.insert("path", d);
        }
    }
    if request.diff {
        let mut list = Vec::new();
        if changed && (!seen.there || seen.content != content) {
            let before = seen.there.then_some((seen.path.as_str(), &seen.content[..]));
            list.push(content_diff(before, (shown.as_deref().unwrap_or(&seen.path), content)));
        }
        if let Some(d @ Value::Dict(_)) = result.get("diff").filter(|d| d.truthy()) {
            list.push(d.clone());
        }
        result.insert("diff", list);
    }
    Ok(result)
}

/// Looks at the destination, with the shell alone.
fn look(remote: &Remote, request: &ModuleRequest, dest: &str, name: Option<&str>) -> Result<Seen, Trouble> {
    let inside = name.map(|n| format!("p=${{p%/}}/{}", crate::shell::quote(n))).unwrap_or_else(|| ":".into());
    let slash = if dest.ends_with('/') { "true" } else { "false" };
    let limit = MAX_DIFF + 1;
    let line = format!(
        "p={}; k=none; if [ -d \"$p\" ]; then k=folder; fi; if [ $k = folder ] || {slash}; then {inside}; fi; f=file; \
         [ -h \"$p\" ] && f=link; if [ -f \"$p\" ]; then echo \"$k $f $p\"; head -c {limit} \"$p\"; else echo \"$k none $p\"; fi",
        path_word(dest)
    );
    let out = remote.run(&line, b"", request.elevate.as_ref(), request.timeout)?;
    let end = out.stdout.iter().position(|b| *b == b'\n').unwrap_or(out.stdout.len());
    let first = String::from_utf8_lossy(&out.stdout[..end]).into_owned();
    let mut words = first.splitn(3, ' ');
    let folder = words.next() == Some("folder");
    let kind = words.next().unwrap_or_default();
    let (there, link) = (matches!(kind, "file" | "link"), kind == "link");
    let path = words.next().unwrap_or(dest).to_owned();
    let content = out.stdout.get(end + 1..).unwrap_or_default().to_vec();
    Ok(Seen { folder, there, link, path, content })
}
