//! What training and evaluation compute on: chosen once.

use std::sync::OnceLock;

use burn::tensor::Device;

static CHOSEN: OnceLock<Device> = OnceLock::new();

/// What was chosen; the CPU where nothing was.
pub fn device() -> Device {
    CHOSEN.get().cloned().unwrap_or_else(Device::flex)
}

/// Chooses what all training and evaluation of this program computes on; false where another
/// device was chosen before.
pub fn choose(device: Device) -> bool {
    *CHOSEN.get_or_init(|| device.clone()) == device
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_there_where_nothing_was_chosen() {
        assert_eq!(device(), Device::flex());
    }
}
