//! Work that must not be in the way of requests: on a thread of its own, which the system runs last where everything is
//! busy.

use tokio::sync::oneshot;

/// The thread's nice value: about a tenth of what a request's thread gets, where both want the same processor.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Does the work on a thread of its own, and waits for it. `None` where it panicked, or no thread could be started.
pub(crate) async fn run_in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (reply, answer) = oneshot::channel();
    let thread = std::thread::Builder::new().name("background".to_owned());
    let started = thread.spawn(move || {
        yield_to_others();
        // Nobody waits any longer where the gateway stops.
        let _ = reply.send(work());
    });
    started.ok()?;
    answer.await.ok()
}

/// A priority that was lowered is not raised again, so this is no thread that others use. Only Linux has one for each
/// thread; where it cannot be set the work is merely in the way.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "the priority of a thread cannot be lowered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_done_in_the_background_is_waited_for_and_a_panic_ends_nothing_else() {
        assert_eq!(run_in_background(|| 7).await, Some(7));
        assert_eq!(run_in_background(|| -> u8 { panic!("on purpose") }).await, None);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_its_own_thread_is_nice() {
        let own = || rustix::process::getpriority_process(None).unwrap();
        let before = own();
        assert_eq!(run_in_background(own).await, Some(NICE.max(before)));
        assert_eq!(own(), before);
    }
}
