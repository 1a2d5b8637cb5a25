//! The HTTP front: accepts connections, and serves each of them with a task of its own.
//!
//! Owns: the tasks of connections. Never: interprets the bytes of a connection.

use std::sync::Arc;

use pontoon_driver::http::Front;
use pontoon_driver::site::Site;
use tokio::net::{TcpListener, TcpStream};

use crate::io::{Alarm, Io};

/// Accepts connections until the program stops listening.
pub(crate) async fn accept(site: Arc<Site>, front: Arc<Front>, listener: TcpListener) {
    let clock = site.clock();
    site.accept(Io(listener), Alarm::new(clock.clone()), |stream: TcpStream, permit| {
        // It fails only on a closed connection.
        let _ = stream.set_nodelay(true);
        let (front, alarm) = (front.clone(), Alarm::new(clock.clone()));
        tokio::spawn(async move { front.converse(Io(stream), alarm, permit).await });
        Ok(())
    })
    .await
}
