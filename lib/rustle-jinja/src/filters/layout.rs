//! Text laid out: `indent`, `truncate`, `wordwrap`, `comment`, `pprint`, `filesizeformat`, `xmlattr`, `urlize`:
//! `{{ ansible_managed | comment }}`.

use super::Filter;
use crate::args::{Args, flag, opt_int, opt_text};
use crate::error::{Result, fail};
use crate::interp::Interp;
use crate::util::text;
use rustle_value::{Value, py_repr, py_str};

pub static FILTERS: &[Filter] = &[
    Filter::new("indent", &[], indent),
    Filter::new("truncate", &[], truncate),
    Filter::new("wordwrap", &[], wordwrap),
    Filter::new("comment", &[], comment),
    Filter::new("pprint", &[], |_, v, _| Ok(Value::from(py_repr(&v)))),
    Filter::new("filesizeformat", &[], |_, v, args| {
        let [binary] = args.bind("filesizeformat", ["binary"])?;
        let binary = flag(binary.as_ref(), false);
        let bytes = match &v {
            Value::Str(s) => super::numbers::parse_float(s),
            v => v.as_f64(),
        };
        let Some(bytes) = bytes else { return fail(format!("could not convert string to float: {}", py_repr(&v))) };
        let base: f64 = if binary { 1024.0 } else { 1000.0 };
        if bytes == 1.0 {
            return Ok(Value::from("1 Byte"));
        }
        if bytes < base {
            return Ok(Value::from(format!("{} Bytes", bytes as i64)));
        }
        let prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
        let mut unit = base;
        let mut out = String::new();
        for p in prefixes {
            unit *= base;
            let suffix = if binary { format!("{}iB", p.to_uppercase()) } else { format!("{p}B") };
            out = format!("{:.1} {suffix}", base * bytes / unit);
            if bytes < unit {
                break;
            }
        }
        Ok(Value::from(out))
    }),
    Filter::new("xmlattr", &[], |_, v, args| {
        let [space] = args.bind("xmlattr", ["autospace"])?;
        let Value::Dict(d) = &v else { return fail(format!("'{}' object has no attribute 'items'", v.type_name())) };
        let mut out = String::new();
        for (k, x) in d.iter().filter(|(_, x)| !x.is_null()) {
            let k = k.to_string();
            if k.contains([' ', '/', '>', '=']) {
                return fail(format!("Invalid character in attribute name: {}", rustle_value::str_repr(&k)));
            }
            out += &format!(" {}=\"{}\"", super::text::escape(&k), super::text::escape(&x.to_string()));
        }
        let trimmed = if flag(space.as_ref(), true) { out.as_str() } else { out.trim_start() };
        Ok(Value::from(trimmed))
    }),
    Filter::new("urlize", &[], |_, _, _| fail("the urlize filter is not available")),
];

fn indent(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [width, first, blank] = args.bind("do_indent", ["width", "first", "blank"])?;
    let (first, blank) = (flag(first.as_ref(), false), flag(blank.as_ref(), false));
    let pad = match &width {
        Some(Value::Str(s)) => s.to_string(),
        w => " ".repeat(opt_int(w.as_ref())?.unwrap_or(4).clamp(0, 1 << 16) as usize),
    };
    let s = py_str(&v) + "\n";
    let lines = text::splitlines(&s, false);
    let mut out = String::new();
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        if (i > 0 && (blank || !line.is_empty())) || (i == 0 && first) {
            out += &pad;
        }
        out += line;
    }
    Ok(Value::from(out))
}

fn truncate(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [length, killwords, end, leeway] = args.bind("do_truncate", ["length", "killwords", "end", "leeway"])?;
    let length = opt_int(length.as_ref())?.unwrap_or(255).max(0) as usize;
    let end = opt_text(end.as_ref()).unwrap_or_else(|| "...".into());
    let leeway = opt_int(leeway.as_ref())?.unwrap_or(5).max(0) as usize;
    let s: Vec<char> = py_str(&v).chars().collect();
    let n = end.chars().count();
    if length < n {
        return fail(format!("expected length >= {n}, got {length}"));
    }
    if s.len() <= length + leeway {
        return Ok(Value::from(s.into_iter().collect::<String>()));
    }
    let cut: String = s[..length - n].iter().collect();
    let cut = if flag(killwords.as_ref(), false) { cut } else { cut.rsplit_once(' ').map_or(cut.clone(), |(a, _)| a.to_owned()) };
    Ok(Value::from(cut + &end))
}

fn wordwrap(_: &mut Interp<'_>, v: Value, args: Args) -> Result<Value> {
    let [width, break_long, wrapstring, hyphens] = args.bind("do_wordwrap", ["width", "break_long_words", "wrapstring", "break_on_hyphens"])?;
    let width = opt_int(width.as_ref())?.unwrap_or(79).max(1) as usize;
    let break_long = flag(break_long.as_ref(), true);
    let sep = opt_text(wrapstring.as_ref()).unwrap_or_else(|| "\n".into());
    let hyphens = flag(hyphens.as_ref(), true);
    let s = py_str(&v);
    let lines: Vec<String> = text::splitlines(&s, false).into_iter().map(|l| wrap_line(l, width, break_long, hyphens).join(&sep)).collect();
    Ok(Value::from(lines.join(&sep)))
}

/// The chunks that a line may be broken between: words, runs of white space, parts of hyphenated words.
fn chunks(line: &str, hyphens: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut space = None;
    let chars: Vec<char> = line.chars().collect();
    for (i, c) in chars.iter().enumerate() {
        let is_space = c.is_whitespace();
        let after_hyphen = hyphens
            && i > 1
            && chars[i - 1] == '-'
            && chars[i - 2].is_alphabetic()
            && c.is_alphabetic();
        match out.last_mut() {
            Some(last) if space == Some(is_space) && !after_hyphen => last.push(*c),
            _ => out.push(c.to_string()),
        }
        space = Some(is_space);
    }
    out
}

fn wrap_line(line: &str, width: usize, break_long: bool, hyphens: bool) -> Vec<String> {
    let mut queue: std::collections::VecDeque<String> = chunks(line, hyphens).into();
    let mut lines = Vec::new();
    while !queue.is_empty() {
        // A line after the first does not begin with white space.
        if !lines.is_empty() && queue.front().is_some_and(|c| c.trim().is_empty()) {
            queue.pop_front();
            if queue.is_empty() {
                break;
            }
        }
        let (mut cur, mut n) = (Vec::new(), 0);
        while let Some(c) = queue.front() {
            let k = c.chars().count();
            if n + k > width {
                break;
            }
            n += k;
            cur.extend(queue.pop_front());
        }
        if let Some(c) = queue.front().cloned()
            && c.chars().count() > width
        {
            if break_long {
                let room = (width - n).max(1);
                let head: String = c.chars().take(room).collect();
                if let Some(f) = queue.front_mut() {
                    *f = c.chars().skip(room).collect();
                }
                cur.push(head);
            } else if cur.is_empty() {
                cur.extend(queue.pop_front());
            }
        }
        if cur.last().is_some_and(|c: &String| c.trim().is_empty()) {
            cur.pop();
        }
        if !cur.is_empty() {
            lines.push(cur.concat());
        }
    }
    lines
}

fn comment(_: &mut Interp<'_>, v: Value, mut args: Args) -> Result<Value> {
    let style = args.take("style").or_else(|| (!args.pos.is_empty()).then(|| args.pos.remove(0)));
    let style = opt_text(style.as_ref()).unwrap_or_else(|| "plain".into());
    let (decoration, beginning, end) = match style.as_str() {
        "plain" => ("# ", "", ""),
        "erlang" => ("% ", "", ""),
        "c" => ("// ", "", ""),
        "cblock" => (" * ", "/*", " */"),
        "xml" => (" - ", "<!--", "-->"),
        other => return fail(format!("Invalid style '{other}'.")),
    };
    let mut get = |name: &str, default: &str| args.take(name).map_or_else(|| default.to_owned(), |v| py_str(&v));
    let newline = get("newline", "\n");
    let beginning = get("beginning", beginning);
    let end = get("end", end);
    let decoration = get("decoration", decoration);
    // Where only the decoration is named, it is that of prefix and postfix, too.
    let bare = decoration.trim_end().to_owned();
    let prefix = get("prefix", &bare);
    let postfix = get("postfix", &bare);
    let prefix_count = opt_int(args.take("prefix_count").as_ref())?.unwrap_or(1).clamp(0, 1000) as usize;
    let postfix_count = opt_int(args.take("postfix_count").as_ref())?.unwrap_or(1).clamp(0, 1000) as usize;
    let mut out = String::new();
    if !beginning.is_empty() {
        out += &format!("{beginning}{newline}");
    }
    if !prefix.is_empty() {
        // Lines given in the prefix itself are kept as they are.
        out += &format!("{prefix}{newline}").repeat(prefix_count);
    }
    let body = py_str(&v);
    let lines: Vec<&str> = body.split(newline.as_str()).collect();
    // Empty lines have no blanks at their end, but for the last one.
    let decorated = lines.iter().enumerate().map(|(n, l)| match l {
        &"" if n + 1 < lines.len() => bare.clone(),
        l => format!("{decoration}{l}"),
    });
    out += &decorated.collect::<Vec<_>>().join(&newline);
    // A postfix that is empty still has its line.
    out += &format!("{newline}{postfix}").repeat(postfix_count);
    if !end.is_empty() {
        out += &format!("{newline}{end}");
    }
    Ok(Value::from(out))
}
