//! The order of versions.

/// Returns whether the version `text` is older than `than`, by the order of Semantic Versioning 2.0.0, section
/// 11, except that pre-releases of one version are ordered as texts. What is no version is older than all.
pub fn is_older(text: &str, than: &str) -> bool {
    rank(text) < rank(than)
}

/// Three numbers, whether it is a release, and the name of the pre-release.
type Rank<'a> = (Option<[u64; 3]>, bool, &'a str);

fn rank(text: &str) -> Rank<'_> {
    let text = text.split('+').next().unwrap_or(text);
    let (numbers, pre_release) = text.split_once('-').unwrap_or((text, ""));
    let mut parts = numbers.split('.').map(|part| part.parse().ok());
    let mut next = || parts.next().flatten();
    let numbers = (|| Some([next()?, next()?, next()?]))();
    (numbers, pre_release.is_empty(), pre_release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_as_numbers_and_a_pre_release_comes_before_its_release() {
        let ordered = ["unknown", "0.1.0-alpha", "0.1.0-beta", "0.1.0", "0.2.0", "0.10.0", "1.0.0"];
        for (n, low) in ordered.iter().enumerate() {
            for high in &ordered[n + 1..] {
                assert!(is_older(low, high) && !is_older(high, low), "{low} {high}");
            }
            assert!(!is_older(low, low), "{low}");
        }
        assert!(!is_older("1.0.0+2", "1.0.0+1") && !is_older("1.0.0+1", "1.0.0+2"));
    }
}
