//! The HTTP front: accepts connections, and serves each of them with a task of its own.
//!
//! Owns: the tasks of connections. Never: interprets the bytes of a connection.

use std::sync::Arc;

use pontoon_driver::driver::Driver;
use pontoon_driver::http::Endpoint;
use tokio::net::{TcpListener, TcpStream};

use crate::io::{Alarm, Io};

/// Accepts connections until the engine stops listening.
pub(crate) async fn accept(driver: Arc<Driver>, endpoint: Arc<Endpoint>, listener: TcpListener) {
    let clock = driver.clock();
    driver
        .accept(Io(listener), Alarm::new(clock.clone()), |stream: TcpStream, permit| {
            // It fails only on a closed connection.
            let _ = stream.set_nodelay(true);
            let (endpoint, alarm) = (endpoint.clone(), Alarm::new(clock.clone()));
            tokio::spawn(async move { endpoint.converse(Io(stream), alarm, permit).await });
            Ok(())
        })
        .await
}
