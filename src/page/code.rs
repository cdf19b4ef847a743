//! A text as a QR code, for a telephone to read off a screen or a sheet of paper.

use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};

/// Light modules around a code, which readers need.
const MARGIN: i32 = 4;
/// The style sheet's pixels to a module, which a camera tells apart; where a page is narrow they are
/// three at least.
const MODULE: i32 = 4;
/// The largest code that is drawn so on a telephone: 105 modules, which hold a thousand signs.
const LARGEST: u8 = 22;

/// A code of a text as SVG, as large as its modules need; none where the text is too long for one
/// that can be read.
pub fn code(text: &str) -> Option<String> {
    let segments = QrSegment::make_segments(text);
    let (smallest, largest) = (Version::MIN, Version::new(LARGEST));
    let code =
        QrCode::encode_segments_advanced(&segments, QrCodeEcc::Low, smallest, largest, None, true)
            .ok()?;
    let size = code.size() + 2 * MARGIN;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                path += &format!("M{} {}h1v1h-1z", x + MARGIN, y + MARGIN);
            }
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" width=\"{0}\" height=\"{0}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/><path d=\"{path}\"/></svg>",
        MODULE * size
    ))
}
