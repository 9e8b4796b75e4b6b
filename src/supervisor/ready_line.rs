//! The line of JSON in which a gateway says where it is: on its standard output, and in its lock file.

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::Running;

/// The line that a gateway prints when it is ready.
#[derive(Deserialize)]
pub(super) struct ReadyLine {
    management_url: String,
    inference_url: String,
    pid: u32,
}

impl ReadyLine {
    /// The gateway that a line of JSON speaks of; `None` where it is no such line.
    pub(super) fn read(line: &str, key: SecretString, is_attached: bool) -> Option<Running> {
        let ready: Self = serde_json::from_str(line).ok()?;
        let management_url = Url::parse(&ready.management_url).ok()?;
        let inference_url = Url::parse(&ready.inference_url).ok()?;
        Some(Running { management_url, inference_url, pid: ready.pid, key, is_attached })
    }
}
