//! A connection to an upstream: made, checked, and wrapped in TLS where its scheme says so.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use hyper_rustls::ConfigBuilderExt;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::dial::{Answered, ConnectError, dial};
use crate::gateway::routing::provider::address::is_public;
use crate::gateway::routing::provider::{Base, Reach, Scheme};

/// Bytes to and from an upstream.
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects. The address that was checked is the address that is connected to.
pub(super) async fn connect(base: &Base, answered: &Answered) -> Result<Wire, ConnectError> {
    let tcp = connect_tcp(base, answered).await?;
    tcp.set_nodelay(true).map_err(|_| ConnectError::Failed("the connection was lost at once"))?;
    Ok(match base.scheme {
        Scheme::Http => Wire::Plain(tcp),
        Scheme::Https => Wire::Tls(Box::new(connect_tls(base, tcp).await?)),
    })
}

async fn connect_tcp(base: &Base, answered: &Answered) -> Result<TcpStream, ConnectError> {
    let mut addresses: Vec<SocketAddr> = match base.host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, base.port)],
        Err(_) => match tokio::net::lookup_host((base.host.as_str(), base.port)).await {
            Ok(found) => found.collect(),
            Err(_) => return Err(ConnectError::Failed("its host name does not resolve")),
        },
    };
    addresses.retain(|address| base.reach == Reach::Anywhere || is_public(address.ip()));
    if addresses.is_empty() {
        return Err(ConnectError::Failed("its address is not a public one; --allow-private-upstreams allows it"));
    }
    dial(addresses, answered).await
}

async fn connect_tls(base: &Base, tcp: TcpStream) -> Result<TlsStream<TcpStream>, ConnectError> {
    let config = tls_config().ok_or(ConnectError::Failed("this machine has no certificate authorities"))?;
    let name = ServerName::try_from(base.host.clone()).map_err(|_| ConnectError::Failed("its name is none for TLS"))?;
    let connected = TlsConnector::from(config).connect(name, tcp).await;
    connected.map_err(|_| ConnectError::Failed("TLS was not agreed on, or its certificate is not good"))
}

/// Reading the machine's certificates takes milliseconds and megabytes: only where TLS is used.
fn tls_config() -> Option<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Option<Arc<ClientConfig>>> = OnceLock::new();
    CONFIG
        .get_or_init(|| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
            let mut config = builder.with_native_roots().ok()?.with_no_client_auth();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Some(Arc::new(config))
        })
        .clone()
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Self::Tls(tls) => Pin::new(tls).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(context, slices),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(tcp) => tcp.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(context),
            Self::Tls(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(context),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(context),
        }
    }
}
