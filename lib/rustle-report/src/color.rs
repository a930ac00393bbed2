//! Colours by role, and the terminal's codes for them.

/// A colour's name for each role, as the settings `COLOR_*` give it.
#[derive(Clone, Debug)]
pub struct Palette {
    pub ok: String,
    pub changed: String,
    pub skip: String,
    pub included: String,
    pub error: String,
    pub unreachable: String,
    pub warn: String,
    pub deprecate: String,
    pub verbose: String,
    pub debug: String,
    pub diff_add: String,
    pub diff_remove: String,
    pub diff_lines: String,
}

impl Default for Palette {
    fn default() -> Self {
        let s = str::to_owned;
        Palette {
            ok: s("green"),
            changed: s("yellow"),
            skip: s("cyan"),
            included: s("cyan"),
            error: s("red"),
            unreachable: s("bright red"),
            warn: s("bright purple"),
            deprecate: s("purple"),
            verbose: s("blue"),
            debug: s("dark gray"),
            diff_add: s("green"),
            diff_remove: s("red"),
            diff_lines: s("cyan"),
        }
    }
}

/// The code between `ESC [` and `m` of a colour: a name, `color0`–`color255`, `rgbRGB` (0–5), `grayN` (0–23).
pub(crate) fn code(name: &str) -> Option<String> {
    let plain = match name {
        "black" => "0;30",
        "bright gray" => "0;37",
        "blue" => "0;34",
        "white" => "1;37",
        "green" => "0;32",
        "bright blue" => "1;34",
        "cyan" => "0;36",
        "bright green" => "1;32",
        "red" => "0;31",
        "bright cyan" => "1;36",
        "purple" => "0;35",
        "bright red" => "1;31",
        "yellow" => "0;33",
        "bright purple" => "1;35",
        "dark gray" => "1;30",
        "bright yellow" => "1;33",
        "magenta" => "0;35",
        "bright magenta" => "1;35",
        "normal" => "0",
        _ => "",
    };
    if !plain.is_empty() {
        return Some(plain.into());
    }
    let extended = |n: u32| Some(format!("38;5;{n}"));
    if let Some(n) = name.strip_prefix("color") {
        return extended(n.parse().ok()?);
    }
    if let Some(rgb) = name.strip_prefix("rgb") {
        let d: Vec<u32> = rgb.chars().filter_map(|c| c.to_digit(6)).collect();
        let [r, g, b] = d[..] else { return None };
        return extended(16 + 36 * r + 6 * g + b);
    }
    extended(232 + name.strip_prefix("gray")?.parse::<u32>().ok()?)
}

/// Text in a colour, line by line, as Ansible writes it.
pub(crate) fn paint(text: &str, name: &str) -> String {
    let Some(code) = code(name) else { return text.to_owned() };
    text.split('\n').map(|line| format!("\x1b[{code}m{line}\x1b[0m")).collect::<Vec<_>>().join("\n")
}
