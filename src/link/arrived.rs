//! A link as it arrives. Mail, chats, trackers and whoever copies an address do things to it that
//! have nothing to do with what it says: they append keys of their own, leave the signs of a
//! sentence behind it, write `&amp;` for `&`, or escape the whole of it. Each reads as the clean
//! link does.

use url::form_urlencoded;

/// A part of a link: its key, and its value as it is written there, escapes and all.
pub(super) type Part = (String, String);

/// Beginnings of the keys that others append, to follow who comes from where. No key of the page has
/// a `_`, and with one begins what is added behind a person's back: `_ga`, `__tn__`, `_kx`.
const PASSENGER_BEGINNINGS: [&str; 33] = [
    "_", "utm_", "mc_", "pk_", "mtm_", "piwik_", "matomo_", "hsa_", "ga_", "gad_", "gs_", "sca_",
    "fb_", "at_", "ns_", "vero_", "oly_", "guce_", "share_", "sharer_", "stm_", "spm_", "xsec_",
    "wt_", "wt.", "wx_", "trk", "elq", "af_", "sc_", "ml_", "dm_", ":~:",
];

/// Whole keys of that kind.
const PASSENGERS: &str = "\
    adtag appuid apptime ascene awc bd_vid bsource buvid bxsign campaign campaignid chksm cjevent \
    ck_subscriber_id clickref clicktime cmpid cvid cxt dclid dicbo ef_id ei enterid epik exportkey \
    extid fbclid feature fref from from_source from_spmid gbraid gclid gclsrc guccounter hc_ref \
    icid igsh igshid im_ref irclickid irgwc is_copy_url is_from_webapp isappinstalled li_fat_id \
    lipi mibextid midtoken mkt_tok mpshare msclkid ncid nettype nsukey ocid pass_ticket qclid \
    rb_clickid rdid rdt_cid ref ref_src ref_url refid referer referrer s_cid s_kwcid sa sccid \
    scene scid scm sender_device sender_web_id sfnsn sharefrom shareredid si sid_for_share smid \
    source spm srcid srsltid sscid subscene suid tblci tduid tt_from ttclid twclid unique_k usg \
    usp ust ut_sk vd_source ved wbraid wprov wxfrom xhsshare xtor yclid ymclid ysclid";

/// Signs of the text around a link, which stand behind it: those that links may hold as they are.
const SIGNS: &str = ".,;:!?)]}>|\\/*_~\"'`-";
/// And those that a browser escapes in an address: quotes that close in one language open in another.
const ESCAPED_SIGNS: &str = "\"'`<>{} \u{a0}\u{3000}\u{200b}\u{200c}\u{200d}\u{200e}\u{2060}\u{feff}\
                             。，、；：！？）】〕》〉」』｝］＞．｡､｣～＿＊｜＂＇／＼｀－〗〙›»‹«“”‘’…·–—―،؛؟।";

/// How often a link that is escaped as a whole is read again.
const DEEPEST: u8 = 3;

/// The parts of a link: of an address, of what stands in one behind `?` or `#`, or of the same
/// without its mark. Where both `?` and `#` say something, both are read, and of a key that both
/// have, what is behind `#` counts.
pub(super) fn parts(link: &str) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::new();
    for text in places(link) {
        let found = read(&text, DEEPEST);
        all.retain(|(key, _)| found.iter().all(|(other, _)| other != key));
        all.extend(found);
    }
    all
}

/// The link so that whoever reads it takes nothing of its end for a sign of the text around it.
pub(super) fn closed(mut link: String) -> String {
    let end = link.rfind(['&', '#']).map_or(0, |mark| mark + 1);
    if without_signs(&link[end..]).len() < link.len() - end {
        link.push('&');
    }
    link
}

/// What a key or a value says: `+` is a space, and escapes are read.
pub(super) fn said(text: &str) -> String {
    let text = text.replace('=', "%3D").replace('&', "%26");
    let mut parsed = form_urlencoded::parse(text.as_bytes());
    parsed.next().map(|(said, _)| said.into_owned()).unwrap_or_default()
}

/// What was escaped once more than it should be; `+` stays.
pub(super) fn unescaped(text: &str) -> String {
    said(&text.replace('+', "%2B"))
}

/// Whether an escaped sign is in the text, given as `%3d`.
pub(super) fn find_escape(text: &str, escape: &str) -> Option<usize> {
    (0..text.len().saturating_sub(escape.len() - 1))
        .find(|at| text.get(*at..at + escape.len()).is_some_and(|t| t.eq_ignore_ascii_case(escape)))
}

/// What stands behind `?`, and what behind `#`, where they say something.
fn places(link: &str) -> Vec<String> {
    let mut link = link.trim().to_string();
    for ampersand in ["&amp;", "&AMP;", "&#38;", "&#038;", "&#x26;"] {
        // Escaped twice, it is there again once it is mended.
        while link.contains(ampersand) {
            link = link.replace(ampersand, "&");
        }
    }
    let says = |text: &str| text.contains('=') || is_escaped(text);
    let mark = link.find(['?', '#']);
    let found = match mark {
        // An address that says nothing.
        None if link.contains("://") => vec![],
        None => vec![link],
        // No address: these signs stand in a value.
        Some(mark) if link[..mark].contains('=') && !link[..mark].contains("://") => vec![link],
        Some(mark) => {
            let (query, fragment) = match link[mark..].split_once('#') {
                Some((query, fragment)) => (query, fragment),
                None => (&link[mark..], ""),
            };
            vec![query.trim_start_matches('?').into(), fragment.into()]
        }
    };
    found.into_iter().filter(|text| says(text)).collect()
}

/// The parts of one of them.
fn read(text: &str, deepest: u8) -> Vec<Part> {
    let mut found: Vec<&str> = text.split('&').map(without_tail).collect();
    found.retain(|part| !is_passenger(key_of(part)));
    // Where nothing stands behind the last `&`, all before it belongs to the link.
    if let Some(last) = found.last_mut() {
        *last = without_signs(last);
    }
    let mut parts = Vec::new();
    for part in found.into_iter().filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some((key, value)) => parts.push((said(key), value.to_string())),
            None if deepest > 0 && is_escaped(part) => {
                let inner = places(&unescaped(part));
                parts.extend(inner.iter().flat_map(|text| read(text, deepest - 1)));
            }
            None => parts.push((said(part), String::new())),
        }
    }
    parts
}

/// A part without what was appended to it with a `?` in place of `&`.
fn without_tail(part: &str) -> &str {
    let is_tail =
        |at: &usize| part[at + 1..].split_once('=').is_some_and(|(key, _)| is_passenger(key));
    let tail = part.match_indices('?').map(|(at, _)| at).find(is_tail);
    tail.map_or(part, |at| &part[..at])
}

fn key_of(part: &str) -> &str {
    part.split_once('=').map_or(part, |(key, _)| key)
}

/// Whether a `=` in the text was escaped, once or more.
fn is_escaped(text: &str) -> bool {
    ["%3d", "%253d", "%25253d"].iter().any(|escape| find_escape(text, escape).is_some())
}

/// Whether a key is one that others append.
fn is_passenger(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    PASSENGERS.split(' ').any(|passenger| passenger == key)
        || PASSENGER_BEGINNINGS.iter().any(|beginning| key.starts_with(beginning))
}

/// A part without the signs of a text behind it.
fn without_signs(part: &str) -> &str {
    let mut rest = part;
    loop {
        let shorter =
            rest.trim_end_matches(|c: char| SIGNS.contains(c) || ESCAPED_SIGNS.contains(c));
        let escaped = ESCAPED_SIGNS.chars().find_map(|sign| {
            let mut escape = String::new();
            for byte in sign.encode_utf8(&mut [0; 4]).bytes() {
                escape += &format!("%{byte:02x}");
            }
            let at = shorter.len().checked_sub(escape.len())?;
            shorter.get(at..)?.eq_ignore_ascii_case(&escape).then_some(at)
        });
        match escaped {
            Some(at) => rest = &shorter[..at],
            None if shorter.len() == rest.len() => return rest,
            None => rest = shorter,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::link::{Dropped, VIEWED};
    use crate::view::Link;
    use systems::registry::knobs;
    use systems::shared::WEIGHT_ORDER;

    const CLEAN: &str = "#v=1&q=oak+table&w-order=0.3";

    fn read(link: &str) -> (String, Vec<Dropped>) {
        let (link, dropped) = Link::read(link);
        (link.write(), dropped)
    }

    #[test]
    fn a_link_reads_the_same_whichever_way_it_arrived() {
        for arrived in [
            "?v=1&q=oak+table&w-order=0.3",
            "v=1&q=oak+table&w-order=0.3",
            "https://shop.example/vitrine/#v=1&q=oak+table&w-order=0.3",
            "https://shop.example/vitrine/index.html?v=1&q=oak+table&w-order=0.3",
            "<https://shop.example/?v=1&q=oak+table&w-order=0.3>",
            " #v=1&q=oak%20table&w-order=0.3\n",
            // Keys of others, before, between and behind, with & and with ?.
            "?utm_source=x&utm_medium=email&v=1&fbclid=IwAR0&q=oak+table&w-order=0.3&gclid=1",
            "?utm_source=x#v=1&q=oak+table&w-order=0.3",
            "?q=oak+table&w-order=0.3#utm_source=x&xtor=RSS-1",
            "#v=1&q=oak+table&w-order=0.3&mc_cid=5&mc_eid=6&ref=hn&igshid=7&msclkid=8&_hsenc=9",
            "#v=1&q=oak+table&w-order=0.3?utm_source=x&utm_medium=social",
            "#v=1&q=oak+table&w-order=0.3&from=singlemessage&isappinstalled=0",
            // An anchor, and the text that a browser should look for.
            "?v=1&q=oak+table&w-order=0.3#top",
            "?v=1&q=oak+table&w-order=0.3#:~:text=oak",
            // Both.
            "?q=lamp&w-order=0.9#v=1&q=oak+table&w-order=0.3",
            "?w-order=0.3#q=oak+table",
            // Ampersands of a page's source.
            "?v=1&amp;q=oak+table&amp;w-order=0.3",
            "?v=1&amp;amp;q=oak+table&amp;amp;w-order=0.3",
            "#v=1&#38;q=oak+table&#038;w-order=0.3",
            "#v=1&q=oak+table&w-order=0.3&amp;utm_source=x",
            // Escaped as a whole, once, twice, from its mark on or within.
            "%3Fv%3D1%26q%3Doak%2Btable%26w-order%3D0.3",
            "?v%3D1%26q%3Doak%2520table%26w-order%3D0.3",
            "#v%3d1%26q%3doak%2btable%26w-order%3d0.3&utm_source=x",
            "%253Fv%253D1%2526q%253Doak%252Btable%2526w-order%253D0.3",
            "https%3A%2F%2Fshop.example%2F%23v%3D1%26q%3Doak%2Btable%26w-order%3D0.3",
            "?%23v%3D1%26amp%3Bq%3Doak%2Btable%26w-order%3D0.3).",
        ] {
            assert_eq!(read(arrived), (CLEAN.into(), vec![]), "{arrived}");
        }
        for signs in [
            ".",
            ",",
            ";",
            ":",
            "!",
            "?",
            ")",
            "]",
            "}",
            ">",
            "*",
            "**",
            "_",
            "~",
            "|",
            "/",
            "\\",
            "\"",
            "'",
            "`",
            "…",
            "。",
            "，",
            "、",
            "；",
            "：",
            "！",
            "？",
            "）",
            "】",
            "》",
            "」",
            "』",
            "”",
            "’",
            "»",
            // As German, Danish and Finnish close them.
            "“",
            "‘",
            "«",
            "‹",
            // Dashes behind which a sentence goes on.
            "-",
            "--",
            "–",
            "—",
            " – ",
            // Full width.
            "＿",
            "］",
            "｝",
            "＞",
            "＊",
            "｜",
            "＂",
            "＇",
            "／",
            "＼",
            "｀",
            "－",
            "؟",
            "।",
            ").",
            "?!",
            ")。",
            "%22",
            "%27",
            "%3E",
            "%60",
            "%20",
            "%7D",
            "%E3%80%82",
            "%EF%BC%89%e3%80%82",
            "%E2%80%9D.",
            "%E2%80%9C",
            "%e2%80%93",
            "%EF%BC%BF",
            "%EF%BD%80",
            "&",
            "&.",
            " )",
        ] {
            assert_eq!(read(&format!("{CLEAN}{signs}")), (CLEAN.into(), vec![]), "{signs}");
            let tracked = format!("{CLEAN}{signs}&utm_source=x");
            assert_eq!(read(&tracked), (CLEAN.into(), vec![]), "{tracked}");
        }
    }

    #[test]
    fn lists_and_pins_read_the_same_escaped() {
        for (clean, arrived) in [
            ("#v=1&a=q:shoes;tau:0.1", "?a=q:shoes%3Btau:0.1"),
            ("#v=1&a=q:shoes;tau:0.1", "?a=q%3Ashoes%3Btau%3A0.1"),
            ("#v=1&a=q:shoes;tau:0.1", "?a=q%3ashoes%3btau%3a0.1"),
            ("#v=1&a=q:shoes;tau:0.1", "?a=q%253Ashoes%253Btau%253A0.1"),
            ("#v=1&a=q:oak+table;h:cart:120,-3", "?a=q%3Aoak+table%3Bh%3Acart%3A120%2C-3"),
            ("#v=1&a=q:sofa;ranker:mlpr&b=", "#a=q:sofa;ranker%3Amlpr&b=)"),
            ("#v=1&h=cart:120,-3", "?h=cart%3A120%2C-3"),
            ("#v=1&bench=1,2", "?bench=1%2C2."),
            ("#v=1&embed=knobs,shelf", "?embed=knobs%2Cshelf"),
            ("#v=1&metrics=log,clicks,gmv", "?metrics=log%2Cclicks%2Cgmv"),
            ("#v=1&lesson=03-temperature.2", "?lesson=03%2Dtemperature%2E2."),
            ("#v=1&lang=zh", "?lang=zh。"),
            ("#v=1&bench=1,2", "?bench=1,2-"),
            ("#v=1&embed=knobs,shelf", "?embed=knobs,shelf＿"),
            ("#v=1&tau=0.1", "?tau=0.1–"),
            ("#v=1&a=q:sofa;tau:0.1", "?a=q:sofa;tau:0.1“"),
        ] {
            // Shoes are what is asked for at first.
            assert_eq!(read(arrived), (clean.replace("q:shoes;", ""), vec![]), "{arrived}");
        }
    }

    /// Whoever typed it meant it; whoever wrote the link by hand lost no more than a sign.
    #[test]
    fn what_a_query_ends_in_is_kept_where_the_page_wrote_the_link() {
        for query in ["a-", "sofa –", "„sofa“", "‚sofa‘", "«sofa»", "＊", "x＿", "－", "1-2-", "-"]
        {
            let mut link = Link::default();
            link.state.query = query.into();
            let written = link.write();
            assert!(written.ends_with('&'), "{written}");
            for behind in ["", "“", ")-", "&utm_source=x", "–&gclid=1"] {
                let arrived = format!("{written}{behind}");
                assert_eq!(Link::read(&arrived), (link.clone(), vec![]), "{arrived}");
            }
        }
        // Negative numbers and removals end in a digit.
        assert_eq!(read("?h=cart:120,-3“").0, "#v=1&h=cart:120,-3");
    }

    #[test]
    fn what_others_append_is_dropped_and_what_nobody_knows_is_said() {
        let (link, dropped) = read("?q=sofa&UTM_Source=x&colour=red&embed=shelf&yclid=4");
        assert_eq!(link, "#v=1&q=sofa&embed=shelf");
        assert_eq!(dropped.len(), 1);
    }

    /// As their sites write them; upper case too.
    #[test]
    fn what_sites_append_today_is_no_part_of_a_link() {
        for tail in [
            // Google: advertisements, results of a search, and links out of its documents.
            "gad_source=1&gad_campaignid=2172&gbraid=0AAAA&gclid=Cj0K",
            "srsltid=AfmBOoq&sca_esv=59&gs_lcrp=EgZ&ei=x&ved=2ahUKE",
            "sa=D&source=docs&ust=1730000000&usg=AOvVaw",
            // X, Microsoft, LinkedIn, Reddit, Snap, Taboola, Outbrain.
            "__twitter_impression=true&cxt=HHwWgoC&twclid=2",
            "ocid=msedgntp&cvid=66aa&ei=10&msclkid=3",
            "trk=public_post&trkInfo=AQ&trk_contact=7&lipi=urn&midToken=AQ&refId=5",
            "rdt_cid=1&ScCid=2&tblci=3&dicbo=v2&sscid=4&cjevent=5&awc=6",
            // What newsletters send.
            "mkt_tok=MTIz&_kx=abc&mc_eid=1&elqTrackId=2&ml_subscriber=3&sc_src=email_4",
            // Webtrends, Yandex, AOL.
            "WT.mc_id=social&wt_zmc=1&wt_mc=2&_openstat=ZGly&ysclid=l1&ncid=txt",
            // Bilibili, Xiaohongshu, Taobao, WeChat, Baidu, TikTok.
            "share_source=copy_web&vd_source=6e1&spm_id_from=333.999&unique_k=hM2&buvid=XY",
            "xhsshare=WeixinSession&xsec_token=AB&xsec_source=app_share&appuid=5b&apptime=17&shareRedId=N0",
            "spm=a21bo.1&scm=1007&ut_sk=1.X&suid=F1&bxsign=scd",
            "from=timeline&ascene=45&subscene=1&wx_header=3&nettype=WIFI&pass_ticket=x&exportkey=n_Ch",
            "bd_vid=11&_t=ZM-8&_r=1&is_from_webapp=1&sender_device=pc&sender_web_id=74",
        ] {
            for arrived in [
                format!("{CLEAN}&{tail}"),
                format!("{CLEAN}?{tail}"),
                format!("?{tail}{CLEAN}"),
                format!("?{}&{}", tail.to_uppercase(), &CLEAN[1..]),
            ] {
                assert_eq!(read(&arrived), (CLEAN.into(), vec![]), "{arrived}");
            }
        }
    }

    #[test]
    fn no_key_of_the_page_is_taken_for_a_passenger() {
        let own = knobs().map(|knob| knob.key).chain(["v", "q", "shopper", "look", "h"]);
        for key in own.chain(VIEWED) {
            assert!(!is_passenger(key), "{key}");
        }
    }

    proptest! {
        #[test]
        fn what_is_typed_comes_back_whatever_it_ends_in(
            typed in "\\PC{0,12}",
            end in prop::sample::select(vec!["", ".", ")", "_", "*", "。", "”", "\"", "?", "' ", "-", "–", "“", "＿", "&amp;", "%3D", "?utm_x=1"]),
            around in prop::sample::select(vec!["", ".", ")。", ">", "-", "＿", "“", "&utm_source=x", "?utm_source=x", ").&fbclid=1"]),
        ) {
            let mut link = Link::default();
            link.state.query = format!("{typed}{end}");
            let written = link.write();
            let (read, dropped) = Link::read(&format!("{written}{around}"));
            prop_assert_eq!((read, dropped), (link, vec![]), "{}", written);
        }

        #[test]
        fn what_is_escaped_as_a_whole_comes_back(typed in "\\PC{0,12}", times in 1..4) {
            let mut link = Link::default();
            link.state.query = format!("{typed}x");
            link.state.settings.set(&WEIGHT_ORDER, 0.3);
            let mut text = link.write();
            for _ in 0..times {
                text = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            }
            prop_assert_eq!(Link::read(&text), (link, vec![]));
        }

        #[test]
        fn no_text_breaks_it(text in "[?#&=;:%.a-z0-9]{0,60}|\\PC{0,60}") {
            let (link, _) = Link::read(&text);
            // What was opened is itself clean.
            prop_assert_eq!(Link::read(&link.write()), (link, vec![]), "{}", text);
        }
    }
}
