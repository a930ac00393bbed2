//! `become` over a shell: the command line of sudo and its kin, and what their complaints mean.
//!
//! The password is written when the elevating program asks for it, and only then: one that needs none would hand the
//! line to the module.

use crate::shell::quote;
use rustle_stream::protocol::Become;

/// The line that runs `inner` (a line for `/bin/sh`) as the other user, and `prompt`, which that program will write.
///
/// # Errors
/// A method that is not supported.
pub(crate) fn line(elevate: &Become, inner: &str, prompt: &str) -> Result<String, String> {
    let program = elevate.exe.as_deref().unwrap_or(&elevate.method);
    let flags = |default: &'static str| elevate.flags.as_deref().unwrap_or(default).to_owned();
    let (user, shell) = (quote(&elevate.user), format!("/bin/sh -c {}", quote(inner)));
    Ok(match elevate.method.as_str() {
        "sudo" => {
            let flags = flags("-H -S -n");
            match elevate.password {
                None => format!("{program} {flags} -u {user} {shell}"),
                Some(_) => {
                    let mut kept: Vec<&str> = flags.split_whitespace().filter(|f| !matches!(*f, "-n" | "--non-interactive")).collect();
                    if !kept.contains(&"-S") {
                        kept.push("-S");
                    }
                    format!("{program} {} -p {} -u {user} {shell}", kept.join(" "), quote(prompt))
                }
            }
        }
        "doas" => {
            let quiet = if elevate.password.is_none() { "-n " } else { "" };
            format!("{program} {} {quiet}-u {user} {shell}", flags(""))
        }
        "su" => format!("{program} {} {user} -c {}", flags(""), quote(&shell)),
        "runuser" => format!("{program} {} -u {user} -- {shell}", flags("")),
        other => return Err(format!(
            "Task failed: Invalid become method specified, could not find matching plugin: '{other}'. Use `ansible-doc -t become -l` to list available plugins."
        )),
    })
}

/// Whether the program's words so far ask for a password.
pub(crate) fn asks(elevate: &Become, words: &str, prompt: &str) -> bool {
    match elevate.method.as_str() {
        "sudo" => words.contains(prompt),
        // Their prompts are in the host's language; all of them end like this.
        _ => words.trim_end().ends_with(':') || words.to_lowercase().contains("password"),
    }
}

/// Whether the words say that a password was refused.
pub(crate) fn refused(words: &str) -> bool {
    let words = words.to_lowercase();
    ["try again", "incorrect password", "authentication failure", "sorry"].iter().any(|w| words.contains(w))
}

/// The message of a task whose elevation failed.
pub(crate) fn explain(elevate: &Become, words: &str) -> String {
    let method = &elevate.method;
    if refused(words) {
        return if elevate.password.is_some() { format!("Incorrect {method} password") } else { format!("Missing {method} password") };
    }
    let lower = words.to_lowercase();
    if ["password is required", "a terminal is required", "authentication required", "authorization required"].iter().any(|w| lower.contains(w)) {
        return format!("Missing {method} password");
    }
    let words = words.trim();
    if words.is_empty() { format!("privilege escalation with {method} failed") } else { words.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_on_the_line() {
        let e = Become { method: "sudo".into(), user: "o'hara".into(), password: Some("secret".into()), ..Become::default() };
        let text = line(&e, "echo 'x'", "[key]").unwrap();
        assert!(!text.contains("secret") && !text.contains("-n "), "{text}");
        assert!(text.contains("-p '[key]'"), "{text}");
    }
}
