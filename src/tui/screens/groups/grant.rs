//! A slug with its limits in one line, as a form edits it: `my-org/glm-5.2 request/minute=100 token/day=10M`.
//!
//! The words are the wire's own, in any case and as short as they are unmistakable; `concurrent=5` needs no unit. A
//! number may end in `k`, `M` or `G`. What was read is written the same way, so an untouched line changes nothing.

use crate::api::{GroupModel, LimitType, RateLimit, RateUnit, Slug, Unknown, UsageLimit, UsageUnit};

/// Reads a line.
///
/// # Errors
/// What is wrong with it, in one sentence.
pub fn parse(line: &str) -> Result<GroupModel, String> {
    let mut words = line.split_whitespace();
    let slug = words.next().ok_or("a slug is missing")?;
    let slug = Slug::parse(slug).map_err(|error| error.to_string())?;
    let mut model = GroupModel { slug, rate_limits: Vec::new(), usage_limits: Vec::new(), unknown: Unknown::new() };
    for word in words {
        add(&mut model, word)?;
    }
    Ok(model)
}

fn add(model: &mut GroupModel, word: &str) -> Result<(), String> {
    let (what, number) = word.split_once('=').ok_or_else(|| format!("{word}: write it as request/minute=100"))?;
    let threshold = threshold(number).ok_or_else(|| format!("{number} is no number; 100, 50k and 10M are"))?;
    let (kind_word, unit_word) = what.split_once('/').unwrap_or((what, ""));
    let kind = kind(kind_word).ok_or_else(|| format!("{kind_word}: request, token, concurrent, uncached or output"))?;
    let unit = unit_word.to_lowercase();
    let starts = |whole: &str| !unit.is_empty() && whole.starts_with(&unit);
    let is_concurrent = kind == LimitType::ConcurrentRequest;
    if starts("day") && !is_concurrent {
        if model.usage_limits.iter().any(|limit| limit.kind == kind) {
            return Err(format!("{what} stands there twice"));
        }
        model.usage_limits.push(UsageLimit { kind, unit: UsageUnit::Day, threshold, unknown: Unknown::new() });
        return Ok(());
    }
    let unit = match () {
        () if starts("minute") || (is_concurrent && unit.is_empty()) => RateUnit::Minute,
        () if starts("second") => RateUnit::Second,
        () => return Err(format!("{what}: per second, minute or day, such as request/minute=100")),
    };
    if model.rate_limits.iter().any(|limit| limit.kind == kind) {
        return Err(format!("a slug has one rate limit a type; {} stands there twice", kind.as_str().to_lowercase()));
    }
    model.rate_limits.push(RateLimit { kind, unit, threshold, unknown: Unknown::new() });
    Ok(())
}

fn kind(word: &str) -> Option<LimitType> {
    let word = word.to_uppercase();
    let kind = LimitType::KNOWN.iter().find(|kind| !word.is_empty() && kind.as_str().starts_with(&word));
    kind.cloned()
}

fn threshold(number: &str) -> Option<u64> {
    let (digits, scale) = match number.chars().last()? {
        'k' | 'K' => (number.get(..number.len() - 1)?, 1_000),
        'm' | 'M' => (number.get(..number.len() - 1)?, 1_000_000),
        'g' | 'G' => (number.get(..number.len() - 1)?, 1_000_000_000),
        _ => (number, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(scale)
}

/// Writes a line.
#[must_use]
pub fn print(model: &GroupModel) -> String {
    let mut line = model.slug.to_string();
    for limit in &model.rate_limits {
        if limit.kind == LimitType::ConcurrentRequest && limit.unit == RateUnit::Minute {
            line.push_str(" concurrent=");
            line.push_str(&short(limit.threshold));
        } else {
            line.push_str(&word(limit.kind.as_str(), limit.unit.as_str(), limit.threshold));
        }
    }
    for limit in &model.usage_limits {
        line.push_str(&word(limit.kind.as_str(), limit.unit.as_str(), limit.threshold));
    }
    line
}

fn word(kind: &str, unit: &str, threshold: u64) -> String {
    let kind = match kind {
        "CONCURRENT_REQUEST" => "concurrent".to_owned(),
        "UNCACHED_INPUT_TOKEN" => "uncached".to_owned(),
        "OUTPUT_TOKEN" => "output".to_owned(),
        other => other.to_lowercase(),
    };
    format!(" {kind}/{}={}", unit.to_lowercase(), short(threshold))
}

/// The number as it is typed: `10M`, `50k`, `1234`.
#[must_use]
pub fn short(number: u64) -> String {
    for (scale, sign) in [(1_000_000_000, 'G'), (1_000_000, 'M'), (1_000, 'k')] {
        if number >= scale && number.is_multiple_of(scale) {
            return format!("{}{sign}", number / scale);
        }
    }
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_slug_and_limits() {
        let model = parse("my-org/glm-5.2 request/minute=100 TOKEN/day=10M concurrent=5 out/s=2k").unwrap();
        assert_eq!(print(&model), "my-org/glm-5.2 request/minute=100 concurrent=5 output/second=2k token/day=10M");
        assert_eq!(parse("my-org/a req/day=0").unwrap().usage_limits[0].threshold, 0);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_word() {
        for (line, said) in [
            ("", "a slug is missing"),
            ("glm", "slug must be"),
            ("a/b 100", "100: write it as"),
            ("a/b request/minute=many", "many is no number"),
            ("a/b request=5", "per second, minute or day"),
            ("a/b speed/minute=5", "speed: request"),
            ("a/b request/minute=5 request/second=1", "one rate limit a type"),
            ("a/b token/day=5 token/day=6", "twice"),
            ("a/b concurrent/day=5", "per second"),
            ("a/b request/minute=99999999999G", "is no number"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(said), "{line:?}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_was_printed_reads_the_same(rate in 0_u64..u64::MAX, day: u64, which in 0_usize..5, second: bool) {
            let kind = LimitType::KNOWN[which].clone();
            let unit = if second { RateUnit::Second } else { RateUnit::Minute };
            let usage_kind = if kind == LimitType::ConcurrentRequest { LimitType::Token } else { kind.clone() };
            let model = GroupModel {
                slug: Slug::from_wire("a/b"),
                rate_limits: vec![RateLimit { kind, unit, threshold: rate, unknown: Unknown::new() }],
                usage_limits: vec![UsageLimit { kind: usage_kind, unit: UsageUnit::Day, threshold: day, unknown: Unknown::new() }],
                unknown: Unknown::new(),
            };
            proptest::prop_assert_eq!(parse(&print(&model)), Ok(model));
        }
    }
}
