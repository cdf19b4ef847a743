//! The trainer's program.

fn main() {
    trainer::listen();
}
