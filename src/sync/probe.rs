//! What an answer of the data plane says about who gave it.

use super::ProbeResult;
use crate::api::Target;

/// The header by which the local gateway names the target that answered.
pub const TARGET_HEADER: &str = "x-repoint-target";

/// What a target is called in that header: `BASETEN 7mP2wqe/production`, `OPENAI gpt-4o`.
#[must_use]
pub fn header_name(target: &Target) -> String {
    let name = match (&target.model_id, target.environment()) {
        (Some(model), Some(environment)) => format!("{model}/{environment}"),
        (Some(model), None) => model.to_string(),
        (None, _) => target.target_model.clone().unwrap_or_default(),
    };
    format!("{} {name}", target.provider)
}

/// Who answered, told by the header `<endpoint id> <provider> <name> <revision>`. A revision that is no longer than
/// the write's proves more than the name; without one the names are compared.
#[must_use]
pub fn told_by_header(header: Option<&str>, wanted: &Target, revision: Option<u64>) -> ProbeResult {
    let Some(header) = header else { return ProbeResult::Untold };
    // A target's name may have spaces in it; what stands around it has none.
    let Some((answered, number)) = header
        .split_once(' ')
        .and_then(|(_endpoint, rest)| rest.rsplit_once(' '))
        .map(|(name, number)| (name.trim(), number.parse::<u64>().ok()))
    else {
        return ProbeResult::Untold;
    };
    let is_late = matches!((number, revision), (Some(served), Some(written)) if served < written);
    if answered == header_name(wanted) && !is_late {
        ProbeResult::New
    } else {
        ProbeResult::Old { target: answered.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Provider;

    #[test]
    fn the_header_tells_new_from_old() {
        let wanted = Target::baseten("7mP2wqe", None);
        let told = |header| told_by_header(header, &wanted, Some(7));
        assert_eq!(told(Some("ep_1 BASETEN 7mP2wqe/production 7")), ProbeResult::New);
        let old = |target: &str| ProbeResult::Old { target: target.to_owned() };
        assert_eq!(told(Some("ep_1 BASETEN 3kZ9xqd/production 6")), old("BASETEN 3kZ9xqd/production"));
        assert_eq!(told(Some("ep_1 BASETEN 7mP2wqe/production 6")), old("BASETEN 7mP2wqe/production"));
        assert_eq!(told(Some("nonsense")), ProbeResult::Untold);
        assert_eq!(told(None), ProbeResult::Untold);
    }

    #[test]
    fn a_name_with_spaces_is_read_whole() {
        let wanted = Target::external(Provider::OpenAi, "s", "gpt 4o");
        assert_eq!(told_by_header(Some("ep_1 OPENAI gpt 4o 3"), &wanted, None), ProbeResult::New);
    }
}
