//! hyper on tokio.

use std::io;
use std::net::TcpListener;

use hyper_util::rt::TokioIo;
use tokio::runtime::Builder;

use crate::answer::Answer;
use crate::hyper_service::converse;

/// Serves until it is killed.
pub(crate) fn serve(listener: TcpListener, threads: usize, answer: Answer) -> io::Result<()> {
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
            tokio::spawn(converse(TokioIo::new(stream), answer.clone()));
        }
    };
    // With several workers, one of them accepts, and the main thread only waits.
    runtime.block_on(async { tokio::spawn(accept).await })?
}
