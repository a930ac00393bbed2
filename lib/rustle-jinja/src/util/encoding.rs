//! Text to bytes, by Python's names of encodings: `output_encoding` of `template`, `text.encode()`.
//! <https://docs.python.org/3/library/codecs.html#standard-encodings>
//!
//! Limits: UTF-8, UTF-16, ASCII, Latin-1, Latin-9 and Windows-1252. Others are refused by name.

/// What Windows-1252 has from 0x80 to 0x9f; blanks are holes.
const WINDOWS: [char; 32] = [
    '€', ' ', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', ' ', 'Ž', ' ', ' ', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š',
    '›', 'œ', ' ', 'ž', 'Ÿ',
];

/// Where Latin-9 differs from Latin-1.
const LATIN_9: [(u8, char); 8] =
    [(0xa4, '€'), (0xa6, 'Š'), (0xa8, 'š'), (0xb4, 'Ž'), (0xb8, 'ž'), (0xbc, 'Œ'), (0xbd, 'œ'), (0xbe, 'Ÿ')];

fn latin_1(c: char) -> Option<u8> {
    u8::try_from(u32::from(c)).ok()
}

fn latin_9(c: char) -> Option<u8> {
    match LATIN_9.iter().find(|(_, own)| *own == c) {
        Some((byte, _)) => Some(*byte),
        None => latin_1(c).filter(|b| !LATIN_9.iter().any(|(byte, _)| byte == b)),
    }
}

fn windows_1252(c: char) -> Option<u8> {
    match WINDOWS.iter().position(|own| *own == c && c != ' ') {
        Some(i) => Some(0x80 + i as u8),
        None => latin_1(c).filter(|b| !(0x80..0xa0).contains(b)),
    }
}

/// The text in an encoding.
///
/// # Errors
/// An encoding that is not known here, or a character that it does not have.
pub(crate) fn encode(text: &str, encoding: &str) -> Result<Vec<u8>, String> {
    let name = encoding.to_lowercase().replace(['_', ' '], "-");
    let single = |codec: &str, of: fn(char) -> Option<u8>, why: &str| {
        let bytes: Vec<Option<u8>> = text.chars().map(of).collect();
        let Some(first) = bytes.iter().position(Option::is_none) else { return Ok(bytes.into_iter().flatten().collect()) };
        let lost = bytes[first..].iter().take_while(|b| b.is_none()).count();
        let what = match text.chars().nth(first) {
            Some(c) if lost == 1 => format!("character '{}' in position {first}", escaped(c)),
            _ => format!("characters in position {first}-{}", first + lost - 1),
        };
        Err(format!("'{codec}' codec can't encode {what}: {why}"))
    };
    let wide = |little: bool, mark: bool| {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        Ok(units.flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect())
    };
    match name.as_str() {
        "utf-8" | "utf8" | "u8" => Ok(text.as_bytes().to_vec()),
        "utf-8-sig" => Ok([&[0xef, 0xbb, 0xbf], text.as_bytes()].concat()),
        // As Python writes it on small-endian machines.
        "utf-16" | "utf16" => wide(true, true),
        "utf-16-le" | "utf-16le" => wide(true, false),
        "utf-16-be" | "utf-16be" => wide(false, false),
        "ascii" | "us-ascii" | "646" => single("ascii", |c| latin_1(c).filter(u8::is_ascii), "ordinal not in range(128)"),
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "8859" | "l1" => single("latin-1", latin_1, "ordinal not in range(256)"),
        "latin-9" | "iso-8859-15" | "iso8859-15" | "l9" => single("charmap", latin_9, "character maps to <undefined>"),
        "windows-1252" | "cp1252" | "1252" => single("charmap", windows_1252, "character maps to <undefined>"),
        _ => Err(format!("unknown encoding: {encoding} (known here are UTF-8, UTF-16, ASCII, Latin-1, Latin-9 and Windows-1252)")),
    }
}

/// A character as Python's errors show it.
fn escaped(c: char) -> String {
    match u32::from(c) {
        n @ ..=0xff => format!("\\x{n:02x}"),
        n @ ..=0xffff => format!("\\u{n:04x}"),
        n => format!("\\U{n:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn as_python_encodes() {
        let of = encode;
        assert_eq!(of("ä€", "utf-8").unwrap(), "ä€".as_bytes());
        assert_eq!(of("aä", "Latin_1").unwrap(), [0x61, 0xe4]);
        assert_eq!(of("€Ÿ¤", "cp1252").unwrap(), [0x80, 0x9f, 0xa4]);
        assert_eq!(of("€ž", "iso-8859-15").unwrap(), [0xa4, 0xb8]);
        assert_eq!(of("a", "utf-16").unwrap(), [0xff, 0xfe, 0x61, 0]);
        assert_eq!(of("a€", "latin-1").unwrap_err(), "'latin-1' codec can't encode character '\\u20ac' in position 1: ordinal not in range(256)");
        assert_eq!(of("ä€", "ascii").unwrap_err(), "'ascii' codec can't encode characters in position 0-1: ordinal not in range(128)");
        assert!(of("\u{81}", "cp1252").is_err());
        assert!(of("¤", "iso-8859-15").is_err());
        assert!(of("a", "koi8-r").unwrap_err().contains("koi8-r"));
    }
}
