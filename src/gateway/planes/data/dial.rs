//! Connecting to whichever of a name's addresses answers (RFC 8305, "happy eyeballs").
//!
//! An address that swallows what is sent to it must not cost the time limit for connecting: the next one is tried a
//! quarter of a second later beside it, or at once where the one before has failed, and what answered goes first the
//! next time.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How long one address has before the next is tried too: what RFC 8305 recommends.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// The most addresses of a name that are tried.
const ADDRESSES_MAX: usize = 16;

/// Why no connection was made.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// The system refused: worth a second try.
    Refused,
    /// Anything else; the text is for the caller.
    Failed(&'static str),
}

/// The address that answered last.
#[derive(Debug, Default)]
pub(super) struct Answered(Mutex<Option<SocketAddr>>);

impl Answered {
    fn get(&self) -> Option<SocketAddr> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, address: SocketAddr) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }
}

/// Connects to one of these addresses, as the resolver gave them.
///
/// # Errors
/// The last failure, where all have failed. It waits for as long as one may still answer: the caller has a time limit.
pub(super) async fn dial(resolved: Vec<SocketAddr>, answered: &Answered) -> Result<TcpStream, ConnectError> {
    let addresses = in_order(resolved, answered.get());
    let mut waiting = addresses.iter().copied();
    let mut attempts = FuturesUnordered::new();
    let mut failure = ConnectError::Failed("its host name has no address");
    loop {
        match waiting.next() {
            Some(address) => attempts.push(attempt(address)),
            None if attempts.is_empty() => return Err(failure),
            None => {}
        }
        tokio::select! {
            Some(ended) = attempts.next() => match ended {
                Ok((stream, address)) => {
                    answered.set(address);
                    return Ok(stream);
                }
                Err(error) => failure = error,
            },
            () = sleep(ATTEMPT_DELAY), if waiting.len() > 0 => {}
        }
    }
}

async fn attempt(address: SocketAddr) -> Result<(TcpStream, SocketAddr), ConnectError> {
    match TcpStream::connect(address).await {
        Ok(stream) => Ok((stream, address)),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Err(ConnectError::Refused),
        Err(_) => Err(ConnectError::Failed("the connection failed")),
    }
}

/// What answered last, then the two families by turns, the resolver's favourite first.
fn in_order(resolved: Vec<SocketAddr>, answered: Option<SocketAddr>) -> Vec<SocketAddr> {
    let favours_v6 = resolved.first().is_some_and(SocketAddr::is_ipv6);
    let (favoured, others): (Vec<_>, Vec<_>) = resolved.into_iter().partition(|it| it.is_ipv6() == favours_v6);
    let (mut favoured, mut others) = (favoured.into_iter(), others.into_iter());
    let mut ordered = Vec::new();
    loop {
        let (one, other) = (favoured.next(), others.next());
        if one.is_none() && other.is_none() {
            break;
        }
        ordered.extend(one.into_iter().chain(other));
    }
    if let Some(place) = ordered.iter().position(|address| Some(*address) == answered) {
        ordered[..=place].rotate_right(1);
    }
    ordered.truncate(ADDRESSES_MAX);
    ordered
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;
    use crate::clock;

    /// An address that takes no connection and refuses none: its queue is full.
    async fn black_hole() -> (SocketAddr, Vec<TcpStream>, TcpListener) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = Vec::new();
        while let Ok(connected) = tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
            held.push(connected.unwrap());
        }
        (address, held, listener)
    }

    async fn open() -> (SocketAddr, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (listener.local_addr().unwrap(), listener)
    }

    async fn closed() -> SocketAddr {
        open().await.0
    }

    #[tokio::test]
    async fn an_address_that_swallows_everything_costs_a_moment_once() {
        let (hole, _held, _listener) = black_hole().await;
        let (good, _good) = open().await;
        let answered = Answered::default();
        let begun = clock::instant();
        let stream = dial(vec![hole, good], &answered).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        // Not before its turn, so that the favoured address has its chance.
        assert!(clock::instant() - begun >= ATTEMPT_DELAY);
        // It is remembered: the next connection does not even begin with the other.
        assert_eq!(in_order(vec![hole, good], answered.get()), [good, hole]);
        assert_eq!(dial(vec![hole, good], &answered).await.unwrap().peer_addr().unwrap(), good);
    }

    #[tokio::test]
    async fn after_a_refusal_the_next_is_tried_at_once_and_the_last_failure_is_told() {
        let (good, _good) = open().await;
        let refusing = closed().await;
        let stream = dial(vec![refusing, refusing, good], &Answered::default()).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        let refused = dial(vec![refusing, closed().await], &Answered::default()).await;
        assert!(matches!(refused, Err(ConnectError::Refused)), "{refused:?}");
        let nothing = dial(Vec::new(), &Answered::default()).await;
        assert!(matches!(nothing, Err(ConnectError::Failed(_))), "{nothing:?}");
    }

    #[test]
    fn families_take_turns() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (a6, b6, a4, b4) = (at("[::1]:1"), at("[::2]:1"), at("1.1.1.1:1"), at("2.2.2.2:1"));
        assert_eq!(in_order(vec![a6, b6, a4, b4], None), [a6, a4, b6, b4]);
        assert_eq!(in_order(vec![a4, a6, b6], None), [a4, a6, b6]);
        assert_eq!(in_order(vec![a6, b6, a4, b4], Some(b6)), [b6, a6, a4, b4]);
        assert_eq!(in_order(vec![a6, a4], Some(b4)), [a6, a4], "an address that is gone is forgotten");
    }
}
