//! The server over the wire: requests in, bytes out, without a network unless the network is what is tested.

mod documents;
mod faults;
mod logs;
mod persona;
mod problems;
mod routes;
mod tcp;
mod writes;
