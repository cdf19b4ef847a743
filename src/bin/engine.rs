//! The engine on the CPU.

fn main() {
    vitrine::engine::listen();
}
