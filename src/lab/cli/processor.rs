//! What training and evaluation compute on, as it is chosen on the command line.

use anyhow::{Result, bail};
use burn::tensor::Device;
use clap::ValueEnum;

/// What can compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Processor {
    /// The CPU.
    #[default]
    Cpu,
    /// A GPU through Vulkan, Metal or DirectX.
    Wgpu,
    /// An NVIDIA GPU.
    Cuda,
}

/// Chooses what all training and evaluation of this program computes on.
///
/// # Errors
/// Where the program was built without it, or the machine has none. One choice cannot follow
/// another.
pub fn choose(processor: Processor) -> Result<()> {
    if !training::device::choose(open(processor)?) {
        bail!("another device is in use already");
    }
    Ok(())
}

fn open(processor: Processor) -> Result<Device> {
    match processor {
        Processor::Cpu => Ok(Device::flex()),
        #[cfg(feature = "train-wgpu")]
        Processor::Wgpu => match Device::wgpu_options().init() {
            Ok(device) => Ok(device),
            Err(error) => bail!("no GPU that WGPU could use was found here: {error}"),
        },
        #[cfg(feature = "train-cuda")]
        Processor::Cuda => cuda(),
        #[cfg(not(all(feature = "train-wgpu", feature = "train-cuda")))]
        absent => bail!(
            "this program was built without {absent:?}: build it with `cargo build --release \
             --features train-{}`",
            format!("{absent:?}").to_lowercase()
        ),
    }
}

/// The first NVIDIA GPU. The driver's library is looked for as the program runs, and its absence is
/// a panic there.
#[cfg(feature = "train-cuda")]
fn cuda() -> Result<Device> {
    use burn::tensor::DeviceType;

    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let found = std::panic::catch_unwind(|| Device::enumerate(DeviceType::Cuda).into_vec());
    std::panic::set_hook(hook);
    match found.ok().and_then(|devices| devices.into_iter().next()) {
        Some(device) => Ok(device),
        None => bail!("no NVIDIA GPU with its driver was found here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_there_and_what_was_not_built_says_so() {
        assert_eq!(open(Processor::Cpu).unwrap(), Device::flex());
        #[cfg(not(feature = "train-cuda"))]
        {
            let said = open(Processor::Cuda).unwrap_err().to_string();
            assert!(said.contains("--features train-cuda"), "{said}");
        }
    }
}
