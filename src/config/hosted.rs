//! Where the hosted gateway is, and whose key goes there.

use url::Url;

/// The hosted management API.
pub const HOSTED_URL: &str = "https://api.baseten.co/";
/// The hosted inference API.
pub const HOSTED_INFERENCE_URL: &str = "https://inference.baseten.co/";
/// The variable whose key goes to the hosted API and nowhere else.
pub const BASETEN_KEY: &str = "BASETEN_API_KEY";

/// True for the hosted API's own address: https, its host, its usual port.
#[must_use]
pub fn is_hosted(url: &Url) -> bool {
    url.scheme() == "https" && url.host_str() == Some("api.baseten.co") && url.port().is_none()
}
