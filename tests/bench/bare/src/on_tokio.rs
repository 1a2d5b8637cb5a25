//! hyper on tokio.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::runtime::Builder;
use tokio_rustls::TlsAcceptor;

use crate::answer::Answer;
use crate::hyper_service::converse;

/// Serves until it is killed, with TLS if there is a configuration for it.
pub(crate) fn serve(
    listener: TcpListener,
    threads: usize,
    answer: Answer,
    tls: Option<ServerConfig>,
) -> io::Result<()> {
    let acceptor = tls.map(|tls| TlsAcceptor::from(Arc::new(tls)));
    listener.set_nonblocking(true)?;
    let runtime = match threads {
        1 => Builder::new_current_thread().enable_io().build()?,
        threads => Builder::new_multi_thread().worker_threads(threads).enable_io().build()?,
    };
    let accept = async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            tokio::spawn(async move {
                match acceptor {
                    None => converse(TokioIo::new(stream), answer).await,
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            converse(TokioIo::new(stream), answer).await;
                        }
                    }
                }
            });
        }
    };
    // With several workers, one of them accepts, and the main thread only waits.
    runtime.block_on(async { tokio::spawn(accept).await })?
}
