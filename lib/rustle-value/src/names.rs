//! The nearest right name for a misspelt one.

/// Edits (insert, delete, replace, swap neighbours) that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let width = b.len() + 1;
    let mut rows: Vec<Vec<usize>> = vec![(0..width).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i; width];
        for j in 1..width {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// The nearest of `known`, where one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let best = known.into_iter().map(|k| (distance(word, k), k)).filter(|(d, _)| *d <= limit).min();
    best.map(|(_, k)| k)
}

/// `Did you mean 'x'?`, where there is a near name.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|k| format!("Did you mean '{k}'?"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["when", "with_items", "debug", "tasks", "name"];
        assert_eq!(super::nearest("whenn", known), Some("when"));
        assert_eq!(super::nearest("debgu", known), Some("debug"));
        assert_eq!(super::nearest("tsks", known), Some("tasks"));
        assert_eq!(super::nearest("frobnicate", known), None);
    }
}
