//! The HTTP front: accepts connections, and serves each of them with a task of its own.
//!
//! Owns: the tasks of connections. Never: interprets the bytes of a connection.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Weak};

use async_io::Async;
use pontoon_driver::driver::Driver;
use pontoon_driver::http::Endpoint;
use smol::Executor;

use crate::io::{Alarm, Io};

/// Accepts connections until the engine stops listening.
pub(crate) async fn accept(
    driver: Arc<Driver>,
    endpoint: Arc<Endpoint>,
    executor: Weak<Executor<'static>>,
    listener: Async<TcpListener>,
) {
    let clock = driver.clock();
    let listener = Io::new(listener);
    driver
        .accept(listener, Alarm::new(clock.clone()), |stream: Async<TcpStream>, permit| {
            // It fails only on a closed connection.
            let _ = stream.get_ref().set_nodelay(true);
            let (endpoint, alarm) = (endpoint.clone(), Alarm::new(clock.clone()));
            if let Some(executor) = executor.upgrade() {
                let serve = async move { endpoint.converse(Io::new(stream), alarm, permit).await };
                executor.spawn(serve).detach();
            }
            Ok(())
        })
        .await
}
