//! Banner lines: a title and stars up to the terminal's width.

use unicode_width::UnicodeWidthStr;

/// An empty line, then `title` filled with stars. At least three stars, at least 80 columns.
pub(crate) fn banner(title: &str, terminal: Option<usize>) -> String {
    let columns = terminal.map_or(79, |w| w.saturating_sub(1).max(79));
    let title = title.trim();
    let stars = columns.saturating_sub(title.width()).max(3);
    format!("\n{title} {}", "*".repeat(stars))
}

#[cfg(test)]
mod tests {
    use super::banner;

    #[test]
    fn width() {
        assert_eq!(banner("PLAY [all]", None).len(), 81);
        assert_eq!(banner("PLAY [all]", Some(60)).len(), 81);
        assert_eq!(banner("PLAY [all]", Some(120)).len(), 121);
        assert!(banner(&"x".repeat(100), None).ends_with("x ***"));
        assert_eq!(banner("日本", None).chars().filter(|c| *c == '*').count(), 75);
    }
}
