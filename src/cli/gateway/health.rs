//! `repoint gateway health`: does a gateway answer? For health checks of containers, which have no curl.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

/// How much of an answer is read.
const ANSWER_BYTES_MAX: u64 = 4096;

/// The flags of `repoint gateway health`.
#[derive(Debug, Clone, Args)]
pub struct Health {
    /// Address of the management plane
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    address: SocketAddr,
    /// How long it may take
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = crate::cli::select::long_duration)]
    timeout: Duration,
}

/// Asks for `/healthz`, without a key.
///
/// # Errors
/// Nothing answers in time, or with another status than 200.
pub(super) fn run(health: &Health) -> anyhow::Result<()> {
    let address = health.address;
    let status = status(address, health.timeout).with_context(|| {
        format!("the gateway at {address} does not answer\nhint: is it running, and is this its --listen address?")
    })?;
    anyhow::ensure!(status == 200, "the gateway at {address} answers {status}\nhint: its log says why");
    Ok(())
}

fn status(address: SocketAddr, timeout: Duration) -> anyhow::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    write!(stream, "GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    let line = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
    status.context("what answers there is no HTTP server")
}
