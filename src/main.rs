//! The program `repoint`. What it does is in the library; see there.

fn main() {}
