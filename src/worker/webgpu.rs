//! The engine on WebGPU: the same program, built with the feature `webgpu`.

fn main() {
    worker::listen();
}
