//! `script`: a script of the controller, run on the host by the program that its first line names. So it also runs
//! where the folder for temporary files allows no execution.

use super::{Form, blob, exists, path_word, skipped, text};
use crate::python::environment;
use crate::remote::Remote;
use crate::shell::quote;
use crate::trouble::Trouble;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, dict};

pub(crate) static FORM: Form = Form { name: "script", run };

fn run(remote: &Remote, request: &ModuleRequest) -> Result<Dict, Trouble> {
    let args = &request.args;
    let line = text(args, "_raw_params").or_else(|| text(args, "cmd")).unwrap_or_default();
    let line = line.trim();
    let folder = text(args, "chdir");
    let (creates, removes) = (text(args, "creates"), text(args, "removes"));
    if let Some(p) = &creates
        && exists(remote, request, p, folder.as_deref())?
    {
        return Ok(skipped(format!("{p} exists, matching creates option")));
    }
    if let Some(p) = &removes
        && !exists(remote, request, p, folder.as_deref())?
    {
        return Ok(skipped(format!("{p} does not exist, matching removes option")));
    }
    if request.check {
        let known = creates.is_some() || removes.is_some();
        return Ok(if known { dict! { "changed" => true } } else { skipped("Check mode is not supported for this task.") });
    }
    let content = blob(request, args.get("_source")).ok_or_else(|| Trouble::failed("internal error: the script's content was not sent"))?;
    let words = rustle_modules::command::split(line).unwrap_or_default();
    let name = words.first().map_or("script", |w| w.rsplit('/').next().unwrap_or(w));
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' }).collect();
    let path = remote.put(request, &format!("-{name}"), &content)?;
    let program = match (text(args, "executable"), shebang(&content)) {
        (Some(x), _) => format!("{x} "),
        (None, Some(x)) => format!("{x} "),
        (None, None) => String::new(),
    };
    let enter = folder.map(|d| format!("cd {} && ", path_word(&d))).unwrap_or_default();
    let rest = &line[rustle_modules::command::first_word(line)..];
    let run = format!("chmod u+x {p}; {enter}{env}{program}{p}{rest}", p = quote(&path), env = environment(request));
    let out = remote.run(&run, b"", request.elevate.as_ref(), request.timeout);
    remote.remove(request, &path)?;
    let out = out?;
    let mut result = dict! { "changed" => true, "rc" => i64::from(out.code), "stdout" => out.text(), "stderr" => out.stderr.as_str() };
    if out.code != 0 {
        result.update(&dict! { "failed" => true, "msg" => "non-zero return code" });
    }
    Ok(result)
}

/// The program of a script's first line and its one argument, as words for a shell.
fn shebang(content: &[u8]) -> Option<String> {
    let line = content.strip_prefix(b"#!")?.split(|b| *b == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.trim();
    let (program, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let argument = argument.trim();
    if program.is_empty() {
        return None;
    }
    Some(if argument.is_empty() { quote(program) } else { format!("{} {}", quote(program), quote(argument)) })
}

#[cfg(test)]
mod tests {
    use super::shebang;

    #[test]
    fn first_lines() {
        assert_eq!(shebang(b"#!/bin/sh\necho").as_deref(), Some("/bin/sh"));
        assert_eq!(shebang(b"#! /usr/bin/env  python3 -u \n").as_deref(), Some("/usr/bin/env 'python3 -u'"));
        assert_eq!(shebang(b"echo"), None);
    }
}
