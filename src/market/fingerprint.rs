//! What a market's bytes are, in four numbers: the same on every platform.

use super::{MarketConfig, World};

/// FNV-1a of a small market's catalogue, queries, hidden side and of three shoppers' logs, by name.
///
/// # Errors
/// None: what is written is plain data.
pub fn fingerprints() -> serde_json::Result<[(&'static str, String); 4]> {
    let world = World::generate(&MarketConfig {
        seed: 1,
        products: 1_500,
        shoppers: 3,
        ..MarketConfig::default()
    });
    let mut queries = Vec::new();
    for query in &world.queries {
        queries.extend(query.text.bytes().chain(query.frequency.to_le_bytes()));
    }
    let mut logs = Vec::new();
    for log in world.shopper_logs() {
        logs.extend(serde_json::to_vec(&log)?);
    }
    Ok([
        ("catalogue", hash(&serde_json::to_vec(&world.catalogue)?)),
        ("queries", hash(&queries)),
        ("truth", hash(&serde_json::to_vec(&world.hidden)?)),
        ("logs", hash(&logs)),
    ])
}

/// FNV-1a, 64 bits, as hexadecimal digits: the same on every platform, and in every version.
pub fn hash(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
