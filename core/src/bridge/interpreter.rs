//! Interpreter.
#![allow(dead_code)]
mod listens;
