//! What somebody may have meant: the names that are near to a mistyped one. Pure.

/// More names than this help nobody.
const NEAR_MAX: usize = 3;
/// Below this likeness (0 to 1) a name is another name.
const LIKENESS_MIN: f64 = 0.72;

/// The names that are most like `word`, the nearest first; at most three, none where nothing is near.
///
/// A name that holds the word, or ends or begins with it, is near however long it is.
pub fn near<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = word.to_lowercase();
    let mut rated: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| (likeness(&wanted, name), name))
        .filter(|(rate, _)| *rate >= LIKENESS_MIN)
        .collect();
    rated.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(other.1)));
    rated.dedup_by(|one, other| one.1 == other.1);
    rated.into_iter().take(NEAR_MAX).map(|(_, name)| name).collect()
}

fn likeness(wanted: &str, name: &str) -> f64 {
    let name = name.to_lowercase();
    // Two letters stand in half of all names; they say nothing.
    let holds = wanted.chars().count() > 2 && name.contains(wanted);
    let rate = strsim::jaro_winkler(wanted, &name);
    if holds { rate.max(0.9) } else { rate }
}

/// The names that are near as half a sentence: `did you mean a, b or c?`; `None` where nothing is near.
pub fn did_you_mean<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = near(word, names);
    let (last, rest) = near.split_last()?;
    Some(if rest.is_empty() {
        format!("did you mean {last}?")
    } else {
        format!("did you mean {} or {last}?", rest.join(", "))
    })
}

/// What was meant by an unknown setting or word: serde's message names it and all that are known.
#[must_use]
pub fn meant(message: &str) -> Option<String> {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (word, known) = quoted.split_first()?;
    let is_name = message.starts_with("unknown field") || message.starts_with("unknown variant");
    is_name.then(|| did_you_mean(word, known.iter().copied())).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_near_and_another_word_is_not() {
        let names = ["my-org/glm-5.2", "my-org/glm-5.2-canary", "my-org/claude", "protected"];
        assert_eq!(near("protcted", names), ["protected"]);
        assert_eq!(near("claude", names), ["my-org/claude"]);
        assert_eq!(near("my-org/glm5.2", names).first(), Some(&"my-org/glm-5.2"));
        assert_eq!(near("zzz", names), Vec::<&str>::new());
        assert_eq!(did_you_mean("protcted", names).unwrap(), "did you mean protected?");
    }
}
