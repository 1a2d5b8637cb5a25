//! hyper on tokio.

use std::io;
use std::net::TcpListener;

use bytes::Bytes;
use hyper_util::rt::TokioIo;
use tokio::runtime::Builder;

use crate::hyper_service::converse;

/// Serves until it is killed.
pub(crate) fn serve(listener: TcpListener, threads: usize, answer: Bytes) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_io().build()?;
    let accept = async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(converse(TokioIo::new(stream), answer.clone()));
        }
    };
    // A worker accepts, as in any server on tokio; the main thread only waits.
    runtime.block_on(async { tokio::spawn(accept).await })?
}
