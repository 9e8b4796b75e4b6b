//! The gateway as a unit of systemd: the sockets that it is handed, and what it tells the service manager.
//!
//! Without a service manager, or on another system, all of it does nothing. The protocol is that of `sd_notify(3)` and
//! `sd_listen_fds(3)`; `assets/packaging/systemd` has the units.

use anyhow::Context as _;

use crate::config;
use crate::gateway::Sockets;

/// Takes the sockets that the service manager opened, by the names `management` and `inference`. Two without these
/// names are management and inference, in this order.
///
/// # Errors
/// The sockets are not those of the two addresses, or no TCP sockets that listen.
#[cfg(unix)]
pub(super) fn sockets() -> anyhow::Result<Sockets> {
    let mut given = listenfd::ListenFd::from_env();
    let names = names(given.len(), config::variable("LISTEN_FDNAMES").as_deref())?;
    let mut sockets = Sockets::default();
    for (index, name) in names.into_iter().enumerate() {
        let socket = given.take_tcp_listener(index);
        let socket = socket.with_context(|| format!("the socket {index} of the service manager is no TCP listener"))?;
        let socket = socket.map(std::sync::Arc::new);
        match name {
            Name::Management => sockets.management = socket,
            Name::Inference => sockets.inference = socket,
        }
    }
    Ok(sockets)
}

#[cfg(not(unix))]
pub(super) fn sockets() -> anyhow::Result<Sockets> {
    Ok(Sockets::default())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Management,
    Inference,
}

fn names(count: usize, text: Option<&str>) -> anyhow::Result<Vec<Name>> {
    let known = |name: &str| match name {
        "management" => Some(Name::Management),
        "inference" => Some(Name::Inference),
        _ => None,
    };
    let named: Vec<Option<Name>> = text.unwrap_or_default().split(':').take(count).map(known).collect();
    match (count, named.as_slice()) {
        (0, _) => Ok(Vec::new()),
        (1, [Some(name)]) => Ok(vec![*name]),
        (2, [Some(first), Some(second)]) if first != second => Ok(vec![*first, *second]),
        (2, named) if named.iter().all(Option::is_none) => Ok(vec![Name::Management, Name::Inference]),
        _ => anyhow::bail!(
            "the service manager hands over {count} sockets that are not the gateway's\nhint: give each socket unit \
             FileDescriptorName=management or FileDescriptorName=inference"
        ),
    }
}

/// Tells that both addresses answer.
pub(super) fn ready(management_url: &str, inference_url: &str) {
    let status = format!("management on {management_url}, inference on {inference_url}");
    tell(&[State::Ready, State::Status(&status)]);
}

/// Tells that requests under way are finished and the process ends.
pub(super) fn stopping() {
    tell(&[State::Stopping, State::Status("draining: finishing requests under way")]);
}

/// Tells twice in each watchdog interval that the runtime still runs. Never ends.
pub(super) async fn watchdog() {
    let Some(interval) = interval() else { return std::future::pending().await };
    let mut ticks = tokio::time::interval(interval / 2);
    loop {
        ticks.tick().await;
        tell(&[State::Watchdog]);
    }
}

/// What a service manager can be told.
#[derive(Debug, Clone, Copy)]
enum State<'a> {
    Ready,
    Stopping,
    Watchdog,
    Status(&'a str),
}

#[cfg(target_os = "linux")]
fn tell(states: &[State<'_>]) {
    use sd_notify::NotifyState;
    let states: Vec<NotifyState<'_>> = states
        .iter()
        .map(|state| match state {
            State::Ready => NotifyState::Ready,
            State::Stopping => NotifyState::Stopping,
            State::Watchdog => NotifyState::Watchdog,
            State::Status(text) => NotifyState::Status(text),
        })
        .collect();
    if let Err(error) = sd_notify::notify(&states) {
        tracing::warn!(%error, "cannot tell the service manager");
    }
}

#[cfg(not(target_os = "linux"))]
fn tell(_states: &[State<'_>]) {}

#[cfg(target_os = "linux")]
fn interval() -> Option<std::time::Duration> {
    sd_notify::watchdog_enabled()
}

#[cfg(not(target_os = "linux"))]
fn interval() -> Option<std::time::Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_go_by_name_or_by_order() {
        let both = vec![Name::Management, Name::Inference];
        assert_eq!(names(0, Some("management")).unwrap(), Vec::new());
        assert_eq!(names(2, None).unwrap(), both);
        assert_eq!(names(2, Some("unknown:unknown")).unwrap(), both);
        assert_eq!(names(2, Some("inference:management")).unwrap(), vec![Name::Inference, Name::Management]);
        assert_eq!(names(1, Some("inference")).unwrap(), vec![Name::Inference]);
    }

    #[test]
    fn sockets_that_are_not_the_gateways_are_refused_with_a_hint() {
        for (count, text) in [(1, None), (2, Some("management:management")), (2, Some("management:http")), (3, None)] {
            let error = names(count, text).unwrap_err().to_string();
            assert!(error.contains("hint: ") && error.contains("FileDescriptorName"), "{error}");
        }
    }
}
