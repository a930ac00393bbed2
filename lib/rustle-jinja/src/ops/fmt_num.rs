//! Numbers as C's and Python's conversions print them (`%e`, `%g`, `,` grouping, …).

/// `%e` with `prec` digits.
pub(crate) fn exp(f: f64, prec: usize) -> String {
    if !f.is_finite() {
        return non_finite(f);
    }
    let s = format!("{f:.prec$e}");
    let (m, e) = s.split_once('e').unwrap_or((&s, "0"));
    let (sign, digits) = e.strip_prefix('-').map_or(('+', e), |d| ('-', d));
    format!("{m}e{sign}{digits:0>2}")
}

/// `%f` with `prec` digits.
pub(crate) fn fixed(f: f64, prec: usize) -> String {
    if f.is_finite() { format!("{f:.prec$}") } else { non_finite(f) }
}

/// `%g` with `prec` significant digits; `alt` keeps trailing zeros.
pub(crate) fn general(f: f64, prec: usize, alt: bool) -> String {
    if !f.is_finite() {
        return non_finite(f);
    }
    let prec = prec.max(1);
    let e = exp(f, prec - 1);
    let power: i32 = e.rsplit_once('e').and_then(|(_, x)| x.parse().ok()).unwrap_or(0);
    let trim = |s: &str| if alt || !s.contains('.') { s.to_owned() } else { s.trim_end_matches('0').trim_end_matches('.').to_owned() };
    if power < -4 || power >= prec as i32 {
        let (m, x) = e.split_once('e').unwrap_or((&e, "+00"));
        format!("{}e{x}", trim(m))
    } else {
        trim(&fixed(f, (prec as i32 - 1 - power).max(0) as usize))
    }
}

fn non_finite(f: f64) -> String {
    if f.is_nan() { "nan".into() } else if f > 0.0 { "inf".into() } else { "-inf".into() }
}

/// Inserts `sep` between groups of `n` digits of the integer part.
pub(crate) fn group(digits: &str, sep: char, n: usize) -> String {
    let (whole, rest) = digits.find(['.', 'e']).map_or((digits, ""), |i| digits.split_at(i));
    let mut out = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % n == 0 {
            out.push(sep);
        }
        out.push(c);
    }
    out + rest
}

/// Pads `body` to `width`; zeros go between sign and digits.
pub(crate) fn pad(body: &str, width: usize, align: char, fill: char) -> String {
    let n = body.chars().count();
    if n >= width {
        return body.to_owned();
    }
    let gap = width - n;
    let run = |k: usize| std::iter::repeat_n(fill, k).collect::<String>();
    match align {
        '<' => body.to_owned() + &run(gap),
        '^' => run(gap / 2) + body + &run(gap - gap / 2),
        '=' => {
            let sign = body.len() - body.trim_start_matches(['+', '-', ' ']).len();
            let prefix = if body[sign..].starts_with("0x") || body[sign..].starts_with("0X") || body[sign..].starts_with("0o") || body[sign..].starts_with("0b") { 2 } else { 0 };
            let (head, tail) = body.split_at(sign + prefix);
            format!("{head}{}{tail}", run(gap))
        }
        _ => run(gap) + body,
    }
}
