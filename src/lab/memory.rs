//! Memory that one step of a training gives back is kept for the next.
//!
//! GNU's allocator hands large pieces back to the system at once, which then clears every page of
//! them again: a fifth of a step's time and more. It can be told not to, but only as a program
//! starts.

/// Starts this program again, once, with an allocator that keeps its memory; where that is of no use
/// or does not work, all goes on as it is.
pub fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::os::unix::process::CommandExt;

        /// Pieces below 32 MiB come from the heap, of which up to 2 GiB are kept.
        const SETTINGS: [(&str, &str); 3] = [
            ("MALLOC_MMAP_THRESHOLD_", "33554432"),
            ("MALLOC_TRIM_THRESHOLD_", "2147483648"),
            ("MALLOC_TOP_PAD_", "67108864"),
        ];
        if SETTINGS.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
            return;
        }
        let mut arguments = std::env::args_os();
        let (name, Ok(program)) = (arguments.next(), std::env::current_exe()) else { return };
        let mut again = std::process::Command::new(program);
        again.args(arguments).envs(SETTINGS);
        if let Some(name) = name {
            again.arg0(name);
        }
        // Comes back only with an error.
        let _ = again.exec();
    }
}
