//! Prefecture and municipality at the head of an address, with the mergers that made old names stale.
//!
//! Municipalities of the table are known by name. All others are known by their form: a county ends with 郡, a
//! municipality with 市, 区, 町 or 村, and the few names that contain such a character inside are listed. A town is not
//! taken for a municipality where only its form speaks for it.

use std::collections::BTreeMap;

use crate::normalize::TableError;
use crate::normalize::tables::rows;

const PREFECTURES: [&str; 47] = [
    "北海道",
    "青森県",
    "岩手県",
    "宮城県",
    "秋田県",
    "山形県",
    "福島県",
    "茨城県",
    "栃木県",
    "群馬県",
    "埼玉県",
    "千葉県",
    "東京都",
    "神奈川県",
    "新潟県",
    "富山県",
    "石川県",
    "福井県",
    "山梨県",
    "長野県",
    "岐阜県",
    "静岡県",
    "愛知県",
    "三重県",
    "滋賀県",
    "京都府",
    "大阪府",
    "兵庫県",
    "奈良県",
    "和歌山県",
    "鳥取県",
    "島根県",
    "岡山県",
    "広島県",
    "山口県",
    "徳島県",
    "香川県",
    "愛媛県",
    "高知県",
    "福岡県",
    "佐賀県",
    "長崎県",
    "熊本県",
    "大分県",
    "宮崎県",
    "鹿児島県",
    "沖縄県",
];

/// Cities whose wards are part of the municipality.
const DESIGNATED: [&str; 20] = [
    "札幌市",
    "仙台市",
    "さいたま市",
    "千葉市",
    "横浜市",
    "川崎市",
    "相模原市",
    "新潟市",
    "静岡市",
    "浜松市",
    "名古屋市",
    "京都市",
    "大阪市",
    "堺市",
    "神戸市",
    "岡山市",
    "広島市",
    "北九州市",
    "福岡市",
    "熊本市",
];

/// Municipalities with 市, 区, 町, 村 or 郡 inside their name, where the first such character would cut them short.
const INNER: [&str; 19] = [
    "四日市市",
    "廿日市市",
    "野々市市",
    "八日市場市",
    "八日市市",
    "今市市",
    "五日市町",
    "十日町市",
    "大町市",
    "大町町",
    "羽村市",
    "田村市",
    "大村市",
    "東村山市",
    "武蔵村山市",
    "玉村町",
    "余市町",
    "上市町",
    "下市町",
];

/// Counties with 市 or 村 inside their name.
const INNER_COUNTIES: [&str; 5] = ["余市郡", "高市郡", "東村山郡", "西村山郡", "北村山郡"];

/// Cities and towns with 郡 inside their name.
const NO_COUNTIES: [&str; 4] = ["蒲郡市", "小郡市", "小郡町", "大和郡山市"];

/// No county or municipality name is longer; a mark farther on belongs to something else.
const NAME_CHARS_MAX: usize = 8;

/// What a name of the table means today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Municipality {
    pub(super) prefecture: String,
    pub(super) name: String,
    pub(super) town_prefix: String,
    is_present: bool,
}

/// The municipalities of the table.
#[derive(Clone, Debug, Default)]
pub(super) struct Municipalities {
    /// By name with county.
    by_full_name: BTreeMap<String, Municipality>,
    /// By prefecture and name without county.
    by_bare_name: BTreeMap<(String, String), Municipality>,
}

/// The head of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub(super) prefecture: String,
    pub(super) municipality: String,
    pub(super) town_prefix: String,
    pub(super) rest: &'a str,
}

impl Municipalities {
    /// Parses `municipalities.tsv`; `canonical` spells a name as the address parser does.
    pub(super) fn parse(text: &str, canonical: impl Fn(&str) -> String) -> Result<Self, TableError> {
        let mut parsed = Self::default();
        for (line, fields) in rows(text) {
            let refuse = |reason: String| TableError { table: "municipalities.tsv", line, reason };
            let [prefecture, name, today, town_prefix, since, _basis] = *fields.as_slice() else {
                return Err(refuse(format!("expected 6 columns, found {}", fields.len())));
            };
            if !PREFECTURES.contains(&prefecture) {
                return Err(refuse(format!("`{prefecture}` is no prefecture")));
            }
            if !name.ends_with(['市', '区', '町', '村']) || !today.ends_with(['市', '区', '町', '村']) {
                return Err(refuse(format!("`{name}` or `{today}` is no municipality")));
            }
            let meaning = Municipality {
                prefecture: prefecture.to_owned(),
                name: canonical(today),
                town_prefix: canonical(town_prefix),
                is_present: since.is_empty(),
            };
            let name = canonical(name);
            let bare = split_county(&name).map_or(name.as_str(), |(_, bare)| bare).to_owned();
            if parsed.by_bare_name.insert((prefecture.to_owned(), bare), meaning.clone()).is_some() {
                return Err(refuse(format!("`{name}` is listed twice")));
            }
            if parsed.by_full_name.insert(name.clone(), meaning).is_some() {
                return Err(refuse(format!("`{name}` is listed twice in two prefectures")));
            }
        }
        Ok(parsed)
    }

    /// Splits the head off an address in canonical spelling.
    pub(super) fn split<'a>(&self, address: &'a str) -> Head<'a> {
        let prefecture = PREFECTURES.iter().copied().find(|name| address.starts_with(name));
        let after_prefecture = prefecture.and_then(|name| address.strip_prefix(name)).unwrap_or(address).trim_start();
        let mut head =
            Head { prefecture: prefecture.unwrap_or_default().to_owned(), rest: after_prefecture, ..Head::default() };
        let (county, after_county) = split_county(after_prefecture).unwrap_or(("", after_prefecture));
        let Some((bare, rest)) = split_municipality(after_county, !county.is_empty()) else { return head };
        match self.meaning(prefecture, county, bare) {
            Some(meaning) => {
                head.prefecture.clone_from(&meaning.prefecture);
                head.municipality.clone_from(&meaning.name);
                head.town_prefix.clone_from(&meaning.town_prefix);
                head.rest = rest;
            }
            None if prefecture.is_none() && county.is_empty() && bare.ends_with(['町', '村']) => {
                // 邑南町 without its county is known by name, but 西川津町 alone is a town.
                if self.by_bare_name.iter().any(|((_, name), meaning)| name == bare && meaning.is_present) {
                    bare.clone_into(&mut head.municipality);
                    head.rest = rest;
                }
            }
            None => {
                bare.clone_into(&mut head.municipality);
                head.rest = rest;
            }
        }
        head.rest = head.rest.trim_start();
        head
    }

    fn meaning(&self, prefecture: Option<&str>, county: &str, bare: &str) -> Option<&Municipality> {
        if let Some(prefecture) = prefecture {
            return self.by_bare_name.get(&(prefecture.to_owned(), bare.to_owned()));
        }
        // Without prefecture and county only a city is named unmistakably: there is a 旭町 in many prefectures.
        if county.is_empty() && !bare.ends_with('市') {
            return None;
        }
        self.by_full_name.get(&format!("{county}{bare}"))
    }
}

/// The county and what follows it, which must hold a town or village.
fn split_county(text: &str) -> Option<(&str, &str)> {
    if NO_COUNTIES.iter().any(|city| text.starts_with(city)) {
        return None;
    }
    let listed = INNER_COUNTIES.iter().find(|county| text.starts_with(**county)).map(|county| county.len());
    let end = match listed {
        Some(end) => end,
        None => {
            let (at, mark) = mark_at(text, &['郡', '市', '区', '町', '村'])?;
            if mark != '郡' {
                return None;
            }
            at + mark.len_utf8()
        }
    };
    let (county, rest) = text.split_at_checked(end)?;
    let rest = rest.trim_start();
    mark_at(rest, &['町', '村']).map(|_| (county, rest))
}

/// The municipality, with its ward where that belongs to it, and what follows.
fn split_municipality(text: &str, has_county: bool) -> Option<(&str, &str)> {
    let listed = INNER.iter().chain(&DESIGNATED).find(|name| text.starts_with(**name)).map(|name| name.len());
    let end = match listed {
        Some(end) => end,
        None => {
            let marks: &[char] = if has_county { &['町', '村'] } else { &['市', '区', '町', '村'] };
            let (at, mark) = mark_at(text, marks)?;
            at + mark.len_utf8()
        }
    };
    let (name, rest) = text.split_at_checked(end)?;
    if !DESIGNATED.contains(&name) {
        return Some((name, rest));
    }
    match mark_at(rest, &['区', '町', '村']) {
        Some((at, '区')) => text.split_at_checked(end + at + '区'.len_utf8()),
        _ => Some((name, rest)),
    }
}

/// Position of the first of these marks behind the first character, before any digit or space.
fn mark_at(text: &str, marks: &[char]) -> Option<(usize, char)> {
    text.char_indices()
        .take(NAME_CHARS_MAX)
        .take_while(|(_, c)| !c.is_ascii_digit() && *c != ' ')
        .skip(1)
        .find(|(_, c)| marks.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, prefecture: &str, municipality: &str, rest: &str) {
        let head = Municipalities::default().split(address);
        assert_eq!((&*head.prefecture, &*head.municipality, head.rest), (prefecture, municipality, rest), "{address}");
    }

    #[test]
    fn municipalities_are_known_by_form() {
        check("東京都千代田区一番町3", "東京都", "千代田区", "一番町3");
        check("東京都町田市原町田1", "東京都", "町田市", "原町田1");
        check("東京都羽村市緑ケ丘5", "東京都", "羽村市", "緑ケ丘5");
        check("東京都東村山市本町1", "東京都", "東村山市", "本町1");
        check("大阪府大阪市北区梅田1", "大阪府", "大阪市北区", "梅田1");
        check("神奈川県横浜市西区", "神奈川県", "横浜市西区", "");
        check("三重県四日市市諏訪町1", "三重県", "四日市市", "諏訪町1");
        check("福島県郡山市朝日1", "福島県", "郡山市", "朝日1");
        check("愛知県蒲郡市旭町17", "愛知県", "蒲郡市", "旭町17");
        check("奈良県大和郡山市北郡山町248", "奈良県", "大和郡山市", "北郡山町248");
        check("岐阜県郡上市八幡町228", "岐阜県", "郡上市", "八幡町228");
        check("福岡県小郡市小郡255", "福岡県", "小郡市", "小郡255");
        check("群馬県佐波郡玉村町下新田201", "群馬県", "玉村町", "下新田201");
        check("北海道余市郡余市町朝日町26", "北海道", "余市町", "朝日町26");
        check("山形県東村山郡中山町長崎120", "山形県", "中山町", "長崎120");
        check("千葉県市川市八幡1", "千葉県", "市川市", "八幡1");
        check("新潟県十日町市千歳町3", "新潟県", "十日町市", "千歳町3");
        check("富山県中新川郡上市町法音寺1", "富山県", "上市町", "法音寺1");
        check("西川津町1060", "", "", "西川津町1060");
        check("米子市加茂町1", "", "米子市", "加茂町1");
        check("1-2-3", "", "", "1-2-3");
        check("", "", "", "");
    }
}
