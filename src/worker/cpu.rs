//! The engine on the CPU.

fn main() {
    worker::listen();
}
