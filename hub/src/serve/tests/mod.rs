//! The server over the wire: requests in, bytes out, without a network unless the network is what is tested.

mod consent;
mod documents;
mod erasures;
mod events;
mod faults;
mod history;
mod identity;
mod logs;
mod matching;
mod people;
mod persona;
mod problems;
mod records;
mod routes;
mod rules;
mod search;
mod second_look;
mod statistics;
mod stopwatch;
mod tasks;
mod tcp;
mod webhooks;
mod writes;
