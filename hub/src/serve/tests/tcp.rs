//! A server on a real connection: an answer, a stop that waits for open requests, a stop that does not wait for ever.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use mpi::kv::MemoryKv;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::persona::World;
use crate::serve::router::finish;
use crate::serve::server::{End, listen, serve};

/// A server with a slow route: it says when it has begun, and ends when it is told to.
struct Slow {
    address: SocketAddr,
    has_begun: Arc<Notify>,
    may_end: Arc<Notify>,
    stop: oneshot::Sender<()>,
    end: JoinHandle<End>,
    world: World,
}

async fn start(limits: &str) -> Slow {
    let world = World::over(Arc::new(MemoryKv::new()), limits);
    let (has_begun, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gates = (Arc::clone(&has_begun), Arc::clone(&may_end));
    let slow = get(move || {
        let (has_begun, may_end) = gates.clone();
        async move {
            has_begun.notify_one();
            may_end.notified().await;
            "slow"
        }
    });
    let router = finish(Router::new().route("/slow", slow), world.app.clone(), 1_024);
    let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let app = world.app.clone();
    let end = tokio::spawn(async move {
        let stop = async {
            let _ = stopped.await;
        };
        serve(listener, router, &app, stop).await
    });
    Slow { address, has_begun, may_end, stop, end, world }
}

async fn send(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    stream
}

async fn read_to_end(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_stop_answers_open_requests_and_closes_idle_connections() {
    let server = start("").await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    let open = send(server.address, "/slow").await;
    server.has_begun.notified().await;
    server.stop.send(()).unwrap();
    assert_eq!(read_to_end(idle).await, "");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody may come in after the stop");
    assert!(server.world.app.readiness().obstacles().contains_key("server"));
    server.may_end.notify_one();
    let answer = read_to_end(open).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("slow"), "{answer}");
    assert_eq!(server.end.await.unwrap(), End::Drained);
}

#[tokio::test]
async fn a_stop_has_a_limit() {
    let server = start("drain_ms_max = 0").await;
    let _open = send(server.address, "/slow").await;
    server.has_begun.notified().await;
    server.stop.send(()).unwrap();
    assert_eq!(server.end.await.unwrap(), End::Cut(1));
}

#[tokio::test]
async fn connections_above_the_limit_wait() {
    let server = start("connections_max = 1").await;
    let first = send(server.address, "/slow").await;
    server.has_begun.notified().await;
    let second = send(server.address, "/nothing").await;
    server.may_end.notify_one();
    drop(first);
    let mut second = second;
    let mut head = [0; 12];
    second.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 404");
}
