//! Pictures made of characters, as functions of plain values: wires, bars, sparklines, charts, the lines of a tree.
//!
//! Nothing here knows a screen, a message or the API. Whatever is drawn can be told without colour too: a lit wire
//! is heavy, a waiting one dashed, a full bar says its number.

pub mod bars;
pub mod chart;
pub mod lines;
pub mod spark;
pub mod wires;
