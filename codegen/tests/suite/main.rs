//! The generator as a whole: its outputs beside their inputs, what it complains of, and its command line.

mod agreement;
mod cli;
mod diagnostics;
mod golden;
mod project;
mod running;
