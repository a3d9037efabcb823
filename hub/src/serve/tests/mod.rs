//! The server over the wire: requests in, bytes out, without a network unless the network is what is tested.

mod documents;
mod faults;
mod logs;
mod people;
mod persona;
mod problems;
mod records;
mod routes;
mod tcp;
mod writes;
