//! hyper on smol.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use smol::{Async, Executor, block_on, future};
use smol_hyper::rt::FuturesIo;

use crate::answer::Answer;
use crate::hyper_service::converse;

/// Serves until it is killed.
pub(crate) fn serve(listener: TcpListener, threads: usize, answer: Answer) -> io::Result<()> {
    let listener = Async::new(listener)?;
    let executor = Arc::new(Executor::new());
    for _ in 1..threads {
        let executor = executor.clone();
        thread::spawn(move || block_on(executor.run(future::pending::<()>())));
    }
    block_on(executor.run(async {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.get_ref().set_nodelay(true)?;
            executor.spawn(converse(FuturesIo::new(stream), answer.clone())).detach();
        }
    }))
}
