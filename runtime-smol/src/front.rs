//! The HTTP front: accepts connections, and serves each of them with a task of its own.
//!
//! Owns: the tasks of connections. Never: interprets the bytes of a connection.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Weak};

use async_io::Async;
use pontoon_driver::http::Front;
use pontoon_driver::site::Site;
use smol::Executor;

use crate::io::{Alarm, Io};

/// Accepts connections until the program stops listening.
pub(crate) async fn accept(
    site: Arc<Site>,
    front: Arc<Front>,
    executor: Weak<Executor<'static>>,
    listener: Async<TcpListener>,
) {
    let clock = site.clock();
    let listener = Io::new(listener);
    site.accept(listener, Alarm::new(clock.clone()), |stream: Async<TcpStream>, permit| {
        // It fails only on a closed connection.
        let _ = stream.get_ref().set_nodelay(true);
        let (front, alarm) = (front.clone(), Alarm::new(clock.clone()));
        if let Some(executor) = executor.upgrade() {
            let serve = async move { front.converse(Io::new(stream), alarm, permit).await };
            executor.spawn(serve).detach();
        }
        Ok(())
    })
    .await
}
